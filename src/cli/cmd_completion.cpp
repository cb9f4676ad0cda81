// dbsnap completion: prints a script that teaches a shell dbsnap's verbs and options.
#include "cli/completion.hpp"
#include "cli/program.hpp"
#include "cli/verbs.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {"completion", "Other", "Print a completion script for a shell.",
                        "SHELL is bash, zsh or fish.\n",
                        "# bash, for this user\n"
                        "dbsnap completion bash > ~/.local/share/bash-completion/completions/dbsnap\n"
                        "\n"
                        "# zsh, into a folder of $fpath\n"
                        "dbsnap completion zsh > ~/.zfunc/_dbsnap\n"
                        "\n"
                        "# fish\n"
                        "dbsnap completion fish > ~/.config/fish/completions/dbsnap.fish\n"};

std::string script_for(const std::string& shell, const CLI::App& app) {
  if (shell == "zsh") return zsh_completion(app);
  return shell == "fish" ? fish_completion(app) : bash_completion(app);
}

}  // namespace

void add_completion(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto shell = std::make_shared<std::string>();
  verb.add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb.callback([&program, shell] {
    program.action = [&program, shell](Invocation& invocation) {
      invocation.console().result(script_for(*shell, program.app));
      return kDone;
    };
  });
}

}  // namespace dbsnap::cli
