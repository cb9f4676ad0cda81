// dbsnap key: the passwords and recovery codes that open an encrypted repository.
#include "cli/cmd_key.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {
namespace {

constexpr const char* kVerbs = "Verbs";

const VerbText kText = {
    "key", "Keep tidy", "Manage the passwords that open a repository.",
    "What a repository holds is encrypted with one random key, which never changes and which nobody sees. Each "
    "password "
    "and each recovery code opens a locked copy of it. So passwords can be added, changed and removed in a second, "
    "without touching a snapshot. The keys' ids, labels and dates are stored in clear.\n",
    "# a second password, for a colleague\n"
    "dbsnap key add --label anna --new-password-file /tmp/anna.password -r /var/backups/app\n"
    "\n"
    "# a code to print and lock away\n"
    "dbsnap key recovery --output sheet.txt -r /var/backups/app\n"
    "dbsnap key list -r /var/backups/app\n"};

const VerbText kListText = {"list", kVerbs, "List the keys, newest first.",
                            "Times are UTC. The key that the repository was opened with is marked.\n",
                            "dbsnap key list -r /var/backups/app\n"};

const VerbText kAddText = {
    "add", kVerbs, "Add a password.",
    "The new password comes from --new-password-file, DBSNAP_NEW_PASSWORD_FILE, DBSNAP_NEW_PASSWORD_COMMAND or "
    "DBSNAP_NEW_PASSWORD; on a terminal dbsnap asks for it twice. It is used once to open the repository before it "
    "counts as added. The id of the new key is printed.\n",
    "dbsnap key add --label laptop -r /var/backups/app\n"};

const VerbText kChangeText = {
    "change", kVerbs, "Change a password.",
    "Without ID it changes the password that you have just given. The new one comes from the same places as that of "
    "dbsnap key add. There is no moment at which neither of the two opens the repository, and the key keeps its id.\n"
    "\n"
    "Somebody who has both the old password and an old copy of the repository's folder keys can still read everything: "
    "snapshots are not encrypted anew.\n",
    "dbsnap key change --new-password-file /root/new.password -r /var/backups/app\n"
    "\n"
    "# the password of another key\n"
    "dbsnap key change 3f9a1c20 -r /var/backups/app\n"};

const VerbText kRemoveText = {
    "remove", kVerbs, "Remove a key.",
    "Its password or recovery code no longer opens the repository. The last key is never removed, and the one that you "
    "have just opened the repository with only with --force. --dry-run shows which key would go.\n",
    "dbsnap key remove 3f9a1c20 --dry-run -r /var/backups/app\n"
    "dbsnap key remove 3f9a1c20 -r /var/backups/app\n"};

std::string notes_of(const KeyInfo& key) {
  std::vector<std::string> notes;
  if (key.current) notes.emplace_back("in use");
  if (!key.good) notes.emplace_back("damaged");
  if (key.older > 0) notes.push_back(counted(key.older, "older password") + " still valid: change it again");
  return joined(notes, ", ");
}

int run_list(Invocation& invocation) {
  Console& console = invocation.console();
  const Repository repository = invocation.open_repository();
  const std::vector<KeyInfo> keys = repository.keys(invocation.context());
  if (console.json()) {
    console.document(to_json(keys));
    return kDone;
  }
  Table table({{"KEY"}, {"KIND"}, {"CREATED (UTC)"}, {"LABEL"}, {"NOTES"}});
  for (const KeyInfo& key : keys) {
    table.row({key.id, key.good ? std::string(name_of(key.kind)) : "", key.good ? table_time(key.created) : "",
               key.label, notes_of(key)});
  }
  console.result(table.text());
  return kDone;
}

struct KeyOptions {
  std::string id;
  std::string label;
  std::string new_password_file;
  bool force = false;
  bool dry_run = false;
};

void report_key(Console& console, const KeyInfo& key) {
  if (console.json()) {
    console.document(fmt::format("{{\"key\":{}}}", to_json(key)));
  } else {
    console.result(key.id + '\n');
  }
}

int run_add(Invocation& invocation, const KeyOptions& options) {
  Console& console = invocation.console();
  Repository repository = invocation.open_repository();
  // A repository without keys, or one that cannot be listed, is told before anybody types a password twice.
  static_cast<void>(repository.keys(invocation.context()));
  std::string password = invocation.next_password(options.new_password_file);
  const WipedPassword wiped(password);
  const KeyInfo key = repository.add_key(password, options.label, invocation.context());
  console.note(fmt::format("added key {}; the new password opens the repository", key_words(key)));
  report_key(console, key);
  return kDone;
}

/// The key to change: the one that was named, else the one in use.
std::string key_to_change(const std::vector<KeyInfo>& keys, const std::string& id) {
  if (!id.empty()) return id;
  const auto current = std::ranges::find_if(keys, &KeyInfo::current);
  if (current != keys.end()) return current->id;
  throw Error(ErrorCode::not_found, "the key that opened the repository has been removed meanwhile")
      .hint("dbsnap key list");
}

int run_change(Invocation& invocation, const KeyOptions& options) {
  Console& console = invocation.console();
  Repository repository = invocation.open_repository();
  const std::string id = key_to_change(repository.keys(invocation.context()), options.id);
  std::string password = invocation.next_password(options.new_password_file);
  const WipedPassword wiped(password);
  const KeyInfo key = repository.change_key(id, password, invocation.context());
  console.note(
      fmt::format("changed the password of key {}; the old one no longer opens the repository", key_words(key)));
  report_key(console, key);
  return kDone;
}

int run_remove(Invocation& invocation, const KeyOptions& options) {
  Console& console = invocation.console();
  Repository repository = invocation.open_repository();
  const KeyInfo key =
      repository.remove_key(options.id, {.force = options.force, .dry_run = options.dry_run}, invocation.context());
  console.note(fmt::format("{} key {}", options.dry_run ? "would remove" : "removed", key_words(key)));
  if (console.json()) {
    console.document(fmt::format("{{\"dry_run\":{},\"removed\":{}}}", options.dry_run, to_json(key)));
  }
  return kDone;
}

using Run = int (*)(Invocation&, const KeyOptions&);

CLI::App& add_inner(Program& program, CLI::App& parent, const VerbText& text,
                    const std::shared_ptr<KeyOptions>& options, Run run) {
  CLI::App& verb = add_verb(parent, text);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options, run] {
    program.action = [options, run](Invocation& invocation) { return run(invocation, *options); };
  });
  return verb;
}

void add_new_password_option(CLI::App& verb, KeyOptions& options) {
  verb.add_option("--new-password-file", options.new_password_file,
                  "file that holds the new password (DBSNAP_NEW_PASSWORD_FILE)")
      ->type_name("FILE");
}

}  // namespace

std::string key_words(const KeyInfo& key) {
  return key.label.empty() ? key.id : fmt::format("{} ({})", key.id, printable(key.label));
}

void add_key(Program& program) {
  CLI::App& parent = add_verb(program, kText);
  parent.require_subcommand(1);
  const auto options = std::make_shared<KeyOptions>();

  add_inner(program, parent, kListText, options,
            [](Invocation& invocation, const KeyOptions&) { return run_list(invocation); });
  CLI::App& add = add_inner(program, parent, kAddText, options, run_add);
  add.add_option("--label", options->label, "words to tell the key by; stored in clear")->type_name("TEXT");
  add_new_password_option(add, *options);

  CLI::App& change = add_inner(program, parent, kChangeText, options, run_change);
  change.add_option("ID", options->id, "the key: its id or the first digits; the one in use unless given");
  add_new_password_option(change, *options);

  add_key_recovery(program, parent);

  CLI::App& remove = add_inner(program, parent, kRemoveText, options, run_remove);
  remove.add_option("ID", options->id, "the key: its id or the first digits")->required();
  remove.add_flag("--force", options->force, "also the key that the repository was opened with");
  remove.add_flag("-n,--dry-run", options->dry_run, "show which key would go and remove nothing");
}

}  // namespace dbsnap::cli
