// Turns the command line's grammar into text that a person can learn from.
#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "cli/program.hpp"
#include "cli/text.hpp"

namespace dbsnap::cli {
namespace {

constexpr std::size_t kColumns = 96;
constexpr std::size_t kTextColumn = 28;

/// Words of `text` in lines of at most kColumns, each but the first indented by `indent`.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::istringstream words(text);
  std::string out;
  std::size_t column = indent;
  for (std::string word; words >> word;) {
    const std::size_t width = display_width(word);
    if (column > indent && column + 1 + width > kColumns) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width;
  }
  return out;
}

/// Paragraphs wrapped one by one; lines that start with a blank stay as they are.
std::string paragraphs(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) out += (line.starts_with(' ') ? line : wrapped(line, 0)) + '\n';
  return out;
}

std::string described(const std::string& names, const std::string& text) {
  std::string line = "  " + names;
  const std::size_t width = display_width(line);
  line += width + 2 <= kTextColumn ? std::string(kTextColumn - width, ' ') : '\n' + std::string(kTextColumn, ' ');
  return line + wrapped(text, kTextColumn) + '\n';
}

std::string option_names(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += "-" + name + ", ";
  for (const std::string& name : option.get_lnames()) names += "--" + name + ", ";
  names.resize(names.size() - 2);
  const std::string placeholder = placeholder_of(option);
  return option.get_snames().empty() ? "    " + names + (placeholder.empty() ? "" : " " + placeholder)
                                     : names + (placeholder.empty() ? "" : " " + placeholder);
}

std::string positional_name(const CLI::Option& option) {
  std::string name = option.get_name(true);
  if (option.get_expected_max() > 1) name += "...";
  return option.get_required() ? name : '[' + name + ']';
}

std::string usage_of(const CLI::App& app) {
  std::string usage = path_of(app) + (verbs_of(app).empty() ? "" : " VERB");
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) usage += ' ' + positional_name(*option);
  }
  return "Usage: " + usage + " [OPTIONS]\n";
}

std::string arguments_of(const CLI::App& app) {
  std::string lines;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) lines += described(positional_name(*option), option->get_description());
  }
  return lines.empty() ? "" : "\nArguments:\n" + lines;
}

std::string options_of(const CLI::App& app) {
  std::vector<std::string> groups = app.get_groups();
  // A verb's own options first, what every verb has last.
  std::ranges::stable_sort(groups, {}, [](const std::string& group) {
    if (group == kOutputGroup) return 3;
    if (group == kRepositoryGroup) return 2;
    return group == "Options" ? 0 : 1;
  });
  std::string out;
  for (const std::string& group : groups) {
    std::string lines;
    for (const CLI::Option* option : app.get_options()) {
      if (option->nonpositional() && option->get_group() == group) {
        lines += described(option_names(*option), option->get_description());
      }
    }
    if (!lines.empty() && !group.empty()) out += '\n' + group + ":\n" + lines;
  }
  return out;
}

std::string list_of_verbs(const CLI::App& app) {
  std::string out;
  std::string group;
  for (const CLI::App* verb : verbs_of(app)) {
    if (verb->get_group() != group) {
      group = verb->get_group();
      out += '\n' + group + ":\n";
    }
    out += described(verb->get_name(), summary_of(*verb));
  }
  return out;
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string /*name*/, CLI::AppFormatMode /*mode*/) const {
  std::string out = usage_of(*app) + '\n' + paragraphs(app->get_description());
  out += list_of_verbs(*app);
  out += arguments_of(*app);
  out += options_of(*app);
  if (!app->get_footer().empty()) out += '\n' + app->get_footer();
  return out;
}

std::string summary_of(const CLI::App& verb) {
  const std::string text = verb.get_description();
  return text.substr(0, text.find('\n'));
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* verb) { return !verb->get_name().empty(); });
}

std::string path_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? "dbsnap" : path_of(*app.get_parent()) + ' ' + app.get_name();
}

std::string placeholder_of(const CLI::Option& option) {
  if (option.get_expected_max() == 0) return "";
  // CLI11 appends the checks of the value: "N:INT in [1 - 19]".
  const std::string name = option.get_type_name();
  return name.substr(0, name.find(':'));
}

}  // namespace dbsnap::cli
