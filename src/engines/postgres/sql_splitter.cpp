#include "engines/postgres/sql_splitter.hpp"

#include <algorithm>
#include <cctype>

#include "dbsnap/error.hpp"

namespace dbsnap::postgres {
namespace {

bool starts_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalpha(byte) != 0 || c == '_' || byte >= 0x80;
}
bool continues_word(char c) { return starts_word(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '$'; }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

bool creates_routine(const std::string& opening) {
  return opening == "CREATE FUNCTION" || opening == "CREATE PROCEDURE" || opening == "CREATE OR REPLACE FUNCTION" ||
         opening == "CREATE OR REPLACE PROCEDURE";
}

}  // namespace

void SqlSplitter::feed(std::string_view text) {
  text_ += text;
  while (at_ < text_.size() && step()) continue;
  // What has been given on is dropped in large steps only.
  constexpr std::size_t kLargeStep = std::size_t{1} << 16;
  const std::size_t done = begun_ ? start_ : at_;
  if (done < kLargeStep && done != text_.size()) return;
  text_.erase(0, done);
  at_ -= done;
  start_ -= begun_ ? done : start_;
}

void SqlSplitter::end() {
  last_ = true;
  feed("");
  if (inside_ == Inside::line_comment) inside_ = Inside::statement;
  if (begun_ || inside_ != Inside::statement) {
    throw Error(ErrorCode::damaged, "the SQL script ends inside a statement, a comment or the rows of a table");
  }
}

bool SqlSplitter::step() {
  switch (inside_) {
    case Inside::statement:
      return step_statement();
    case Inside::quote:
    case Inside::escaped_quote:
    case Inside::identifier:
      return step_quote();
    case Inside::line_comment: {
      const std::size_t end = text_.find('\n', at_);
      if (end == std::string::npos) {
        at_ = text_.size();
        return true;
      }
      at_ = end;
      inside_ = Inside::statement;
      return true;
    }
    case Inside::block_comment:
      return step_block_comment();
    case Inside::dollar: {
      const std::size_t end = text_.find(dollar_tag_, at_);
      if (end == std::string::npos) {
        at_ = std::max(at_, text_.size() - std::min(text_.size(), dollar_tag_.size() - 1));
        return false;
      }
      at_ = end + dollar_tag_.size();
      inside_ = Inside::statement;
      return true;
    }
    case Inside::rest_of_copy: {
      // The rows begin on the next line.
      const std::size_t end = text_.find('\n', at_);
      at_ = end == std::string::npos ? text_.size() : end + 1;
      if (end != std::string::npos) inside_ = Inside::rows;
      line_begins_ = true;
      return true;
    }
    case Inside::rows:
      return step_rows();
  }
  return false;
}

void SqlSplitter::start_text() {
  if (begun_) return;
  begun_ = true;
  start_ = at_;
}

bool SqlSplitter::step_statement() {
  const char c = text_[at_];
  if (is_space(c)) {
    ++at_;
    return true;
  }
  const bool comment = c == '-' || c == '/';
  if (comment && !more_than(1) && !last_) return false;
  if (comment && more_than(1) && text_[at_ + 1] == (c == '-' ? '-' : '*')) {
    inside_ = c == '-' ? Inside::line_comment : Inside::block_comment;
    comment_depth_ = c == '-' ? 0 : 1;
    at_ += 2;
    return true;
  }
  if (c == '\\') return step_backslash();
  if (starts_word(c)) return step_word();
  if (c == '$') return step_dollar();
  start_text();
  ++at_;
  if (c == '\'') inside_ = backslashes_ ? Inside::escaped_quote : Inside::quote;
  if (c == '"') inside_ = Inside::identifier;
  if (c == '(') ++parentheses_;
  if (c == ')') parentheses_ = std::max(parentheses_ - 1, 0);
  if (c == ';' && parentheses_ == 0 && blocks_ == 0) end_statement();
  return true;
}

bool SqlSplitter::step_word() {
  std::size_t end = at_ + 1;
  while (end < text_.size() && continues_word(text_[end])) ++end;
  if (end == text_.size() && !last_) return false;
  start_text();
  const std::string word = upper(std::string_view(text_).substr(at_, end - at_));
  at_ = end;
  if (word == "E" && at_ < text_.size() && text_[at_] == '\'') {
    ++at_;
    inside_ = Inside::escaped_quote;
    return true;
  }
  constexpr int kOpening = 4;
  if (words_ < kOpening) {
    if (!creates_routine(opening_)) opening_ += (words_ == 0 ? "" : " ") + word;
  }
  ++words_;
  if (parentheses_ == 0) {
    if (creates_routine(opening_)) {
      if (word == "BEGIN" || (word == "CASE" && blocks_ > 0)) ++blocks_;
      if (word == "END" && blocks_ > 0) --blocks_;
    }
    if (word == "STDIN" && previous_ == "FROM" && opening_.starts_with("COPY")) from_stdin_ = true;
  }
  previous_ = word;
  return true;
}

bool SqlSplitter::step_dollar() {
  std::size_t end = at_ + 1;
  while (end < text_.size() && continues_word(text_[end]) && text_[end] != '$') ++end;
  if (end == text_.size() && !last_) return false;
  start_text();
  const bool tag = end < text_.size() && text_[end] == '$' && (end == at_ + 1 || starts_word(text_[at_ + 1]));
  if (!tag) {
    ++at_;
    return true;
  }
  dollar_tag_ = text_.substr(at_, end + 1 - at_);
  at_ = end + 1;
  inside_ = Inside::dollar;
  return true;
}

bool SqlSplitter::step_backslash() {
  const std::size_t end = text_.find('\n', at_);
  if (end == std::string::npos && !last_) return false;
  const std::string line = text_.substr(at_, std::min(end, text_.size()) - at_);
  if (begun_ || (!line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "))) {
    throw Error(ErrorCode::unsupported, "the SQL script holds a command of psql's own: " +
                                            line.substr(0, std::min<std::size_t>(line.find(' '), 40)));
  }
  at_ = std::min(end, text_.size());
  return true;
}

bool SqlSplitter::step_quote() {
  const char quote = inside_ == Inside::identifier ? '"' : '\'';
  for (; at_ < text_.size(); ++at_) {
    if (inside_ == Inside::escaped_quote && text_[at_] == '\\') {
      if (!more_than(1)) return false;
      ++at_;
    } else if (text_[at_] == quote) {
      // A doubled quote ends one text and begins the next, which comes to the same, but for its escapes.
      if (inside_ == Inside::escaped_quote) {
        if (!more_than(1) && !last_) return false;
        if (more_than(1) && text_[at_ + 1] == quote) {
          ++at_;
          continue;
        }
      }
      ++at_;
      inside_ = Inside::statement;
      return true;
    }
  }
  return true;
}

bool SqlSplitter::step_block_comment() {
  while (more_than(1)) {
    const char c = text_[at_];
    const char next = text_[at_ + 1];
    if (c == '/' && next == '*') {
      ++comment_depth_;
      at_ += 2;
    } else if (c == '*' && next == '/') {
      at_ += 2;
      if (--comment_depth_ == 0) {
        inside_ = Inside::statement;
        return true;
      }
    } else {
      ++at_;
    }
  }
  return false;
}

void SqlSplitter::end_statement() {
  const std::string sql = text_.substr(start_, at_ - start_);
  const bool copy = from_stdin_;
  const bool empty = sql == ";";
  begun_ = false;
  words_ = 0;
  blocks_ = 0;
  parentheses_ = 0;
  opening_.clear();
  previous_.clear();
  from_stdin_ = false;
  if (sql.starts_with("SET standard_conforming_strings")) backslashes_ = sql.find("off") != std::string::npos;
  if (copy) {
    inside_ = Inside::rest_of_copy;
    handler_.begin_rows(sql);
  } else if (!empty) {
    handler_.statement(sql);
  }
}

// Whole lines are given on together. A line may be longer than all that is in memory: only its first two characters
// decide whether it is the end.
bool SqlSplitter::step_rows() {
  const std::size_t first = at_;
  bool ended = false;
  while (at_ < text_.size() && !ended) {
    if (line_begins_) {
      if (!more_than(1) && text_[at_] == '\\' && !last_) break;
      ended = text_.compare(at_, 2, "\\.") == 0;
      line_begins_ = false;
      continue;
    }
    const std::size_t end = text_.find('\n', at_);
    line_begins_ = end != std::string::npos;
    at_ = line_begins_ ? end + 1 : text_.size();
  }
  if (at_ > first) handler_.rows(std::string_view(text_).substr(first, at_ - first));
  if (!ended) return at_ == text_.size();
  handler_.end_rows();
  inside_ = Inside::line_comment;  // what is left of the line that ends the rows
  return true;
}

}  // namespace dbsnap::postgres
