#include "engines/postgres/statement.hpp"

#include <algorithm>
#include <cctype>

namespace dbsnap::postgres {
namespace {

bool in_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

/// Reads tokens one after the other.
class Tokenizer {
 public:
  explicit Tokenizer(std::string_view sql) : sql_(sql) {}

  /// The next token; empty at the end.
  std::string next() {
    skip_space_and_comments();
    if (at_ >= sql_.size()) return {};
    const char c = sql_[at_];
    if (c == '\'') return string();
    if (c == '"' || in_word(c)) return name();
    ++at_;
    return std::string(1, c);
  }

 private:
  void skip_space_and_comments() {
    for (;;) {
      while (at_ < sql_.size() && std::isspace(static_cast<unsigned char>(sql_[at_])) != 0) ++at_;
      if (sql_.substr(at_, 2) != "--") return;
      at_ = std::min(sql_.find('\n', at_), sql_.size());
    }
  }

  std::string string() {
    std::size_t end = at_ + 1;
    while (end < sql_.size() && sql_[end] != '\'') ++end;
    at_ = std::min(end + 1, sql_.size());
    return "'…'";
  }

  // Words are made upper case as long as they stand alone; a name with a schema is kept as it is written.
  std::string name() {
    std::string text;
    bool word = true;
    for (;;) {
      if (at_ < sql_.size() && sql_[at_] == '"') {
        word = false;
        take_quoted(text);
      } else {
        while (at_ < sql_.size() && in_word(sql_[at_])) text += sql_[at_++];
      }
      const bool more = at_ + 1 < sql_.size() && sql_[at_] == '.' && (sql_[at_ + 1] == '"' || in_word(sql_[at_ + 1]));
      if (!more) break;
      word = false;
      text += sql_[at_++];
    }
    if (word)
      std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
  }

  void take_quoted(std::string& text) {
    text += sql_[at_++];
    while (at_ < sql_.size()) {
      const char c = sql_[at_++];
      text += c;
      if (c != '"') continue;
      if (at_ >= sql_.size() || sql_[at_] != '"') return;
      text += sql_[at_++];
    }
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

StatementInfo of_index(const std::vector<std::string>& tokens) {
  const auto on = std::ranges::find(tokens, "ON");
  if (on == tokens.end() || on + 1 == tokens.end()) return {};
  const bool only = *(on + 1) == "ONLY";
  if (only && on + 2 == tokens.end()) return {};
  return {StatementKind::index, only ? *(on + 2) : *(on + 1), ""};
}

/// ALTER TABLE ONLY name ADD CONSTRAINT name WHAT …
StatementInfo of_constraint(std::string_view sql, const std::vector<std::string>& tokens) {
  constexpr std::size_t kWhat = 7;
  if (tokens.size() <= kWhat) return {};
  const std::string& what = tokens[kWhat];
  const std::string& table = tokens[3];
  if (what == "PRIMARY" || what == "UNIQUE" || what == "EXCLUDE" || what == "CHECK") {
    return {StatementKind::constraint, table, ""};
  }
  if (what != "FOREIGN") return {};
  const std::vector<std::string> all = tokens_of(sql, 400);
  const auto references = std::ranges::find(all, "REFERENCES");
  if (references == all.end() || references + 1 == all.end()) return {};
  return {StatementKind::foreign_key, table, *(references + 1)};
}

}  // namespace

std::vector<std::string> tokens_of(std::string_view sql, std::size_t most) {
  Tokenizer tokenizer(sql);
  std::vector<std::string> tokens;
  while (tokens.size() < most) {
    std::string token = tokenizer.next();
    if (token.empty()) break;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

StatementInfo classify(std::string_view sql) {
  constexpr std::size_t kEnough = 12;
  const std::vector<std::string> tokens = tokens_of(sql, kEnough);
  const auto is = [&](std::size_t position, std::string_view word) {
    return tokens.size() > position && tokens[position] == word;
  };
  const auto holds = [&](std::string_view word) { return std::ranges::find(tokens, word) != tokens.end(); };
  if (is(0, "SET") || (is(0, "SELECT") && is(1, "pg_catalog.set_config"))) return {StatementKind::setting, "", ""};
  if (is(0, "CREATE") && (is(1, "INDEX") || (is(1, "UNIQUE") && is(2, "INDEX")))) return of_index(tokens);
  if (is(0, "COMMENT") && (is(2, "INDEX") || is(2, "CONSTRAINT"))) return {StatementKind::detail, "", ""};
  if (is(0, "ALTER") && is(1, "INDEX")) return {StatementKind::detail, "", ""};
  if (is(0, "ALTER") && is(1, "TABLE")) {
    if (holds("CLUSTER") || (holds("REPLICA") && holds("IDENTITY"))) return {StatementKind::detail, "", ""};
    // Without ONLY it goes on to partitions whose names are not in it.
    if (is(2, "ONLY") && is(4, "ADD") && is(5, "CONSTRAINT")) return of_constraint(sql, tokens);
  }
  return {};
}

bool changes_owner(std::string_view sql) {
  if (!sql.starts_with("ALTER ")) return false;
  const std::vector<std::string> tokens = tokens_of(sql, 2000);
  // … OWNER TO name ;
  const std::size_t count = tokens.size();
  return count >= 5 && tokens[count - 4] == "OWNER" && tokens[count - 3] == "TO";
}

bool changes_privileges(std::string_view sql) {
  const std::vector<std::string> tokens = tokens_of(sql, 3);
  if (tokens.empty()) return false;
  // pg_dump changes who it is only around what somebody else than the owner has granted.
  const bool other_grantor = tokens.size() == 3 && tokens[1] == "SESSION" && tokens[2] == "AUTHORIZATION" &&
                             (tokens[0] == "SET" || tokens[0] == "RESET");
  return other_grantor || tokens[0] == "GRANT" || tokens[0] == "REVOKE" ||
         (tokens.size() == 3 && tokens[0] == "ALTER" && tokens[1] == "DEFAULT" && tokens[2] == "PRIVILEGES");
}

bool is_about_databases(std::string_view sql) {
  const std::vector<std::string> tokens = tokens_of(sql, 2);
  return tokens.size() == 2 && tokens[1] == "DATABASE" &&
         (tokens[0] == "CREATE" || tokens[0] == "DROP" || tokens[0] == "ALTER");
}

std::string beginning_of(std::string_view sql) {
  constexpr std::size_t kMost = 80;
  // Behind a quote stand values, such as the password of a subscription.
  const std::size_t line = std::min(sql.size(), sql.find_first_of("\n'$"));
  std::string text(sql.substr(0, std::min(line, kMost)));
  if (line > kMost) {
    // Not half a character.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U) text.pop_back();
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0U) text.pop_back();
  }
  while (!text.empty() && (text.back() == ';' || text.back() == ' ' || text.back() == '(')) text.pop_back();
  return text;
}

}  // namespace dbsnap::postgres
