// Cuts an SQL script into statements and the rows between them, the way psql reads one.
#pragma once

#include <string>
#include <string_view>

namespace dbsnap::postgres {

/// Takes what a script holds, in order.
class ScriptHandler {
 public:
  virtual ~ScriptHandler() = default;
  /// One statement with its semicolon, without comments before it.
  virtual void statement(const std::string& sql) = 0;
  /// COPY … FROM stdin; its rows follow.
  virtual void begin_rows(const std::string& sql) = 0;
  virtual void rows(std::string_view text) = 0;
  virtual void end_rows() = 0;
};

/// Fed in pieces of any size. Commands of psql's own are refused, but for the pair that recent releases of pg_dump
/// write around a script. Throws Error{unsupported} for such commands and Error{damaged} for a script that ends too
/// early.
class SqlSplitter {
 public:
  explicit SqlSplitter(ScriptHandler& handler) : handler_(handler) {}
  void feed(std::string_view text);
  void end();

 private:
  enum class Inside {
    statement,
    quote,
    escaped_quote,
    identifier,
    line_comment,
    block_comment,
    dollar,
    rest_of_copy,
    rows
  };

  /// Each moves on from at_; false when it must see more of the script first.
  bool step();
  bool step_statement();
  bool step_word();
  bool step_dollar();
  bool step_backslash();
  bool step_quote();
  bool step_block_comment();
  bool step_rows();
  void end_statement();
  void start_text();
  [[nodiscard]] bool more_than(std::size_t count) const noexcept { return at_ + count < text_.size(); }

  ScriptHandler& handler_;
  std::string text_;       ///< what has not been given on
  std::size_t at_ = 0;     ///< looked at up to here
  std::size_t start_ = 0;  ///< where the statement begins, when `begun_`
  bool begun_ = false;
  bool last_ = false;
  Inside inside_ = Inside::statement;
  int comment_depth_ = 0;
  int parentheses_ = 0;
  std::string dollar_tag_;
  // Words of the statement, as far as they decide where it ends.
  int words_ = 0;
  std::string opening_;   ///< the first words: "CREATE OR REPLACE FUNCTION"
  std::string previous_;  ///< the word before this one
  int blocks_ = 0;        ///< BEGIN ATOMIC … END of a function's body
  bool from_stdin_ = false;
  bool line_begins_ = true;   ///< of the rows
  bool backslashes_ = false;  ///< standard_conforming_strings is off
};

}  // namespace dbsnap::postgres
