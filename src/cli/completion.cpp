// Writes completion scripts for bash, zsh and fish.
#include "cli/completion.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/help.hpp"
#include "cli/text.hpp"

namespace dbsnap::cli {
namespace {

/// What the value of an option or argument may be.
struct Values {
  bool files = false;
  bool folders = false;
  std::vector<std::string> words;
};

Values values_of(const CLI::Option& option) {
  const std::string kind = option.get_positional() ? option.get_name(true) : placeholder_of(option);
  const std::string name = option.get_lnames().empty() ? "" : option.get_lnames().front();
  if (name == "progress") return {.words = {"auto", "bar", "plain", "json", "none"}};
  if (name == "compress") return {.words = {"none", "gzip", "zstd"}};
  if (name == "level" && kind == "LEVEL")
    return {.words = {"listing", "tables", "checksums", "packs", "frames", "data"}};
  if (kind == "SHELL") return {.words = {"bash", "zsh", "fish"}};
  if (kind == "ID" || kind == "BEFORE" || kind == "AFTER") return {.words = {"latest"}};
  if (kind == "SOURCE" || kind == "TARGET") return {.files = true, .words = {"sqlite://", "env:"}};
  if (kind == "REPO" || kind == "FOLDER") return {.folders = true, .words = {}};
  return {.files = kind == "FILE", .words = {}};
}

std::vector<std::string> option_words(const CLI::Option& option) {
  std::vector<std::string> words;
  for (const std::string& name : option.get_snames()) words.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) words.push_back("--" + name);
  return words;
}

bool takes_value(const CLI::Option& option) { return option.get_expected_max() > 0; }

std::vector<const CLI::Option*> named_options(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

std::vector<const CLI::Option*> positionals(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

/// Text inside single quotes of any of the three shells.
std::string unquoted(std::string text) {
  std::erase(text, '\'');
  return text;
}

std::string bash_reply(const Values& values) {
  std::string command = "compgen";
  if (!values.words.empty()) command += fmt::format(" -W '{}'", joined(values.words, " "));
  if (values.files) command += " -f";
  if (values.folders) command += " -d";
  if (command == "compgen") return "COMPREPLY=()";
  return fmt::format("COMPREPLY=($({} -- \"$cur\"))", command);
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& verbs) {
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs) names.push_back(verb->get_name());
  return names;
}

std::string bash_verb(const CLI::App& verb);

/// A verb with verbs of its own.
std::string bash_parent(const CLI::App& verb) {
  const std::vector<const CLI::App*> verbs = verbs_of(verb);
  std::string out = fmt::format(
      "    {})\n      if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W '{} --help' -- "
      "\"$cur\")); return; fi\n      case \"${{COMP_WORDS[2]}}\" in\n",
      verb.get_name(), joined(names_of(verbs), " "));
  for (const CLI::App* inner : verbs) out += bash_verb(*inner);
  return out + "      esac ;;\n";
}

std::string bash_verb(const CLI::App& verb) {
  if (!verbs_of(verb).empty()) return bash_parent(verb);
  std::string out = fmt::format("    {})\n      case \"$prev\" in\n", verb.get_name());
  std::vector<std::string> words;
  for (const CLI::Option* option : named_options(verb)) {
    const std::vector<std::string> names = option_words(*option);
    words.insert(words.end(), names.begin(), names.end());
    if (!takes_value(*option)) continue;
    out += fmt::format("        {}) {}; return ;;\n", joined(names, "|"), bash_reply(values_of(*option)));
  }
  out += "      esac\n";
  Values arguments;
  for (const CLI::Option* option : positionals(verb)) {
    const Values values = values_of(*option);
    arguments.files |= values.files;
    arguments.folders |= values.folders;
    arguments.words.insert(arguments.words.end(), values.words.begin(), values.words.end());
  }
  out +=
      fmt::format("      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '{}' -- \"$cur\"))\n", joined(words, " "));
  return out + fmt::format("      else {}; fi ;;\n", bash_reply(arguments));
}

std::string zsh_action(const Values& values) {
  if (!values.words.empty() && values.files) {
    return fmt::format("_alternative 'word:word:({})' 'file:file:_files'", joined(values.words, " "));
  }
  if (!values.words.empty()) return fmt::format("({})", joined(values.words, " "));
  if (values.files) return "_files";
  return values.folders ? "_files -/" : "";
}

/// Text inside [...] or before ':' of a zsh argument specification.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : unquoted(text)) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_argument(const Values& values, const std::string& what) {
  std::string action = zsh_action(values);
  if (action.starts_with("_alternative")) action = fmt::format("{{{}}}", action);
  std::string quoted;
  for (const char c : action) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return fmt::format(":{}:{}", zsh_text(what), quoted);
}

std::string zsh_verb(const CLI::App& verb);

/// Lists the verbs and then leads into the one that was typed.
std::string zsh_verbs(const CLI::App& parent) {
  std::string list;
  std::string cases;
  for (const CLI::App* verb : verbs_of(parent)) {
    list += fmt::format("    '{}:{}'\n", verb->get_name(), zsh_text(summary_of(*verb)));
    cases += zsh_verb(*verb);
  }
  return fmt::format(
      "  verbs=(\n"
      "{}"
      "  )\n"
      "  _arguments -C '1: :->verb' '*:: :->rest' && return\n"
      "  case $state in\n"
      "    verb) _describe 'verb' verbs ;;\n"
      "    rest)\n"
      "      case $line[1] in\n"
      "{}"
      "      esac ;;\n"
      "  esac\n",
      list, cases);
}

std::string zsh_verb(const CLI::App& verb) {
  if (!verbs_of(verb).empty()) return fmt::format("        {})\n{}  ;;\n", verb.get_name(), zsh_verbs(verb));
  std::string out = fmt::format("        {})\n          _arguments \\\n", verb.get_name());
  for (const CLI::Option* option : named_options(verb)) {
    for (const std::string& name : option_words(*option)) {
      out += fmt::format("            '*{}[{}]{}' \\\n", name, zsh_text(option->get_description()),
                         takes_value(*option) ? zsh_argument(values_of(*option), placeholder_of(*option)) : "");
    }
  }
  for (const CLI::Option* option : positionals(verb)) {
    out += fmt::format("            '{}{}' \\\n", option->get_expected_max() > 1 ? "*" : "",
                       zsh_argument(values_of(*option), option->get_name(true)));
  }
  return out + "            && return ;;\n";
}

/// True, for fish, once `verb` was typed.
std::string fish_condition(const CLI::App& verb) {
  const std::string seen = "__fish_seen_subcommand_from " + verb.get_name();
  const bool inner = verb.get_parent()->get_parent() != nullptr;
  return inner ? fish_condition(*verb.get_parent()) + "; and " + seen : seen;
}

std::string fish_option(const CLI::App& verb, const CLI::Option& option) {
  std::string line = fmt::format("complete -c dbsnap -n '{}'", fish_condition(verb));
  for (const std::string& name : option.get_snames()) line += " -s " + name;
  for (const std::string& name : option.get_lnames()) line += " -l " + name;
  if (takes_value(option)) {
    const Values values = values_of(option);
    line += values.files || values.folders ? " -r -F" : " -x";
    if (!values.words.empty()) line += fmt::format(" -a '{}'", joined(values.words, " "));
  }
  return line + fmt::format(" -d '{}'\n", unquoted(option.get_description()));
}

std::string fish_verb(const CLI::App& verb) {
  std::string out;
  const std::vector<const CLI::App*> verbs = verbs_of(verb);
  for (const CLI::App* inner : verbs) {
    out += fmt::format("complete -c dbsnap -f -n '{}; and not __fish_seen_subcommand_from {}' -a {} -d '{}'\n",
                       fish_condition(verb), joined(names_of(verbs), " "), inner->get_name(),
                       unquoted(summary_of(*inner)));
    out += fish_verb(*inner);
  }
  for (const CLI::Option* option : named_options(verb)) out += fish_option(verb, *option);
  for (const CLI::Option* option : positionals(verb)) {
    const Values values = values_of(*option);
    const std::string words = values.words.empty() ? "" : fmt::format(" -a '{}'", joined(values.words, " "));
    if (values.files || values.folders || !words.empty()) {
      out += fmt::format("complete -c dbsnap -n '{}'{}{}\n", fish_condition(verb),
                         values.files || values.folders ? " -F" : " -f", words);
    }
  }
  return out;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::vector<std::string> verbs;
  std::string cases;
  for (const CLI::App* verb : verbs_of(app)) {
    verbs.push_back(verb->get_name());
    cases += bash_verb(*verb);
  }
  return fmt::format(
      "# bash completion for dbsnap; written by: dbsnap completion bash\n"
      "_dbsnap() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  COMPREPLY=()\n"
      "  if [[ $COMP_CWORD -eq 1 ]]; then\n"
      "    COMPREPLY=($(compgen -W 'help --help --version {}' -- \"$cur\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n"
      "    help) COMPREPLY=($(compgen -W '{}' -- \"$cur\")) ;;\n"
      "{}"
      "  esac\n"
      "}}\n"
      "complete -o filenames -F _dbsnap dbsnap\n",
      joined(verbs, " "), joined(verbs, " "), cases);
}

std::string zsh_completion(const CLI::App& app) {
  return fmt::format(
      "#compdef dbsnap\n"
      "# zsh completion for dbsnap; written by: dbsnap completion zsh\n"
      "_dbsnap() {{\n"
      "  local state line\n"
      "  local -a verbs\n"
      "{}"
      "}}\n"
      "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _dbsnap \"$@\"; else compdef _dbsnap dbsnap; fi\n",
      zsh_verbs(app));
}

std::string fish_completion(const CLI::App& app) {
  std::string out = "# fish completion for dbsnap; written by: dbsnap completion fish\n";
  for (const CLI::App* verb : verbs_of(app)) {
    out += fmt::format("complete -c dbsnap -f -n __fish_use_subcommand -a {} -d '{}'\n", verb->get_name(),
                       unquoted(summary_of(*verb)));
    out += fish_verb(*verb);
  }
  return out;
}

}  // namespace dbsnap::cli
