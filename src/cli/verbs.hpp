// Every verb of the program. Each is one cmd_<verb>.cpp that adds its words, options and action.
#pragma once

namespace dbsnap::cli {

struct Program;

void add_init(Program& program);
void add_backup(Program& program);
void add_import(Program& program);
void add_restore(Program& program);
void add_export(Program& program);
void add_list(Program& program);
void add_show(Program& program);
void add_diff(Program& program);
void add_stats(Program& program);
void add_status(Program& program);
void add_copy(Program& program);
void add_verify(Program& program);
void add_prune(Program& program);
void add_forget(Program& program);
void add_unforget(Program& program);
void add_pin(Program& program);
void add_unpin(Program& program);
void add_key(Program& program);
void add_doctor(Program& program);
void add_completion(Program& program);
void add_version(Program& program);

}  // namespace dbsnap::cli
