#include "engines/postgres/settings.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap::postgres {
namespace {

const std::set<std::string, std::less<>>& libpq_parameters() {
  static const std::set<std::string, std::less<>> names = [] {
    std::set<std::string, std::less<>> found;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> all(PQconndefaults(), &PQconninfoFree);
    for (const PQconninfoOption* option = all.get(); option != nullptr && option->keyword != nullptr; ++option) {
      found.insert(option->keyword);
    }
    return found;
  }();
  return names;
}

Error bad_option(const std::string& name, const std::string& value, const std::string& wanted) {
  return Error(ErrorCode::invalid_argument, "option " + name + "=" + value + " of a PostgreSQL URL: " + wanted);
}

bool flag_of(const std::string& name, const std::string& value) {
  if (value == "true" || value == "yes" || value == "on" || value == "1" || value.empty()) return true;
  if (value == "false" || value == "no" || value == "off" || value == "0") return false;
  throw bad_option(name, value, "write true or false");
}

std::uint64_t number_of(const std::string& name, std::string_view digits, const std::string& value) {
  std::uint64_t number = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  constexpr std::uint64_t kMost = 1'000'000'000;
  if (digits.empty() || status != std::errc() || end != digits.data() + digits.size() || number > kMost) {
    throw bad_option(name, value, "it is not a number");
  }
  return number;
}

/// "500ms", "30s", "5min", "30" (seconds).
std::chrono::milliseconds duration_of(const std::string& name, const std::string& value) {
  using std::chrono::milliseconds;
  static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"ms", 1}, {"min", 60'000}, {"s", 1000}, {"h", 3'600'000}, {"", 1000}};
  for (const auto& [unit, factor] : kUnits) {
    if (!value.ends_with(unit)) continue;
    const std::string_view digits(value.data(), value.size() - unit.size());
    return milliseconds(static_cast<std::int64_t>(number_of(name, digits, value)) * factor);
  }
  throw bad_option(name, value, "write a number of seconds, or one with ms, s, min or h");
}

std::vector<std::string> list_of(const std::string& value) {
  std::vector<std::string> items;
  std::size_t start = 0;
  while (start <= value.size()) {
    const std::size_t comma = std::min(value.find(',', start), value.size());
    if (comma > start) items.push_back(value.substr(start, comma - start));
    start = comma + 1;
  }
  return items;
}

using Setter = std::function<void(PostgresOptions&, const std::string& name, const std::string& value)>;

template <typename Member>
Setter flag(Member member) {
  return [member](PostgresOptions& o, const std::string& n, const std::string& v) { o.*member = flag_of(n, v); };
}
template <typename Member>
Setter list(Member member) {
  return [member](PostgresOptions& o, const std::string&, const std::string& v) { o.*member = list_of(v); };
}
template <typename Member>
Setter duration(Member member) {
  return [member](PostgresOptions& o, const std::string& n, const std::string& v) { o.*member = duration_of(n, v); };
}

void set_mode(PostgresOptions& /*options*/, const std::string& name, const std::string& value) {
  if (value == "logical") return;
  if (value == "physical") {
    throw Error(ErrorCode::unsupported,
                "mode=physical of a PostgreSQL URL is not supported by this version; write mode=logical");
  }
  throw bad_option(name, value, "write logical");
}

void set_in_place(PostgresOptions& options, const std::string& name, const std::string& value) {
  if (value != "transaction" && value != "parallel") throw bad_option(name, value, "write transaction or parallel");
  options.in_place = value == "transaction" ? PostgresInPlace::transaction : PostgresInPlace::parallel;
}

void set_databases(PostgresOptions& options, const std::string& name, const std::string& value) {
  options.databases = value == "all" ? std::vector<std::string>{"*"} : list_of(value);
  if (options.databases.empty()) throw bad_option(name, value, "write all, or names separated by commas");
}

/// Our own options by their names in a URL.
const std::map<std::string, Setter, std::less<>>& own_options() {
  static const std::map<std::string, Setter, std::less<>> setters = {
      {"mode", set_mode},
      {"databases", set_databases},
      {"globals", flag(&PostgresOptions::globals)},
      {"lock_timeout", duration(&PostgresOptions::lock_timeout)},
      {"max_lag", duration(&PostgresOptions::max_lag)},
      {"include", list(&PostgresOptions::include)},
      {"exclude", list(&PostgresOptions::exclude)},
      {"program_folder", [](PostgresOptions& o, const std::string&, const std::string& v) { o.program_folder = v; }},
      {"jobs",
       [](PostgresOptions& o, const std::string& n, const std::string& v) {
         o.jobs = static_cast<unsigned>(number_of(n, v, v));
         if (o.jobs == 0 || o.jobs > 256) throw bad_option(n, v, "write a number from 1 to 256");
       }},
      {"owners", flag(&PostgresOptions::owners)},
      {"privileges", flag(&PostgresOptions::privileges)},
      {"tablespaces", flag(&PostgresOptions::tablespaces)},
      {"create_globals", flag(&PostgresOptions::create_globals)},
      {"analyze", flag(&PostgresOptions::analyze)},
      {"continue_on_error", flag(&PostgresOptions::continue_on_error)},
      {"in_place", set_in_place},
      {"maintenance_database",
       [](PostgresOptions& o, const std::string&, const std::string& v) { o.maintenance_database = v; }},
  };
  return setters;
}

/// Splits "h1:5432,h2,[::1]:5433" into libpq's host and port lists.
void set_hosts(const std::string& hosts, std::map<std::string, std::string>& connection) {
  std::string names;
  std::string ports;
  bool any_port = false;
  const auto items = list_of(hosts);
  for (const std::string& item : items) {
    std::string name = item;
    std::string port;
    const std::size_t bracket = item.rfind(']');
    const std::size_t colon = item.rfind(':');
    if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
      name = item.substr(0, colon);
      port = item.substr(colon + 1);
    }
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    any_port = any_port || !port.empty();
    const std::string separator = &item == &items.front() ? "" : ",";
    names += separator + name;
    ports += separator + port;
  }
  connection["host"] = names;
  if (any_port) connection["port"] = ports;
}

/// The place as a URL without secrets and without our own options.
std::string identity_of(const std::map<std::string, std::string>& connection) {
  Url url;
  url.scheme = "postgres";
  for (const auto& [name, value] : connection) {
    if (name == "user") {
      url.user = value;
    } else if (name == "host") {
      url.host = value;
    } else if (name == "dbname") {
      url.path = "/" + value;
    } else if (name != "password" && name != "port") {
      url.query[name] = value;
    }
  }
  const auto port = connection.find("port");
  if (port != connection.end()) {
    std::uint16_t number = 0;
    const std::string& text = port->second;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool one = status == std::errc() && end == text.data() + text.size();
    if (one) {
      url.port = number;
    } else {
      url.query["port"] = text;
    }
  }
  // A folder of sockets is no host name of a URL.
  if (url.host.starts_with('/')) {
    url.query["host"] = std::exchange(url.host, "");
    if (url.port) url.query["port"] = std::to_string(*std::exchange(url.port, std::nullopt));
  }
  if (url.path.empty()) url.path = "/";
  return url.redacted();
}

}  // namespace

std::string Settings::parameter(std::string_view name) const {
  const auto found = options.connection.find(std::string(name));
  return found == options.connection.end() ? std::string() : found->second;
}

Settings Settings::for_database(const std::string& name) const {
  PostgresOptions other = options;
  other.connection["dbname"] = name;
  other.databases.clear();
  return make_settings(std::move(other), environment);
}

Settings make_settings(PostgresOptions options, Environment environment) {
  for (const auto& [name, value] : options.connection) {
    if (!libpq_parameters().contains(name)) {
      throw Error(ErrorCode::invalid_argument,
                  name + " is neither a connection parameter of PostgreSQL nor an option of dbsnap");
    }
    if (value.find('\0') != std::string::npos) {
      throw Error(ErrorCode::invalid_argument, "connection parameter " + name + " holds a NUL byte");
    }
  }
  Settings settings;
  settings.url = identity_of(options.connection);
  settings.options = std::move(options);
  settings.environment = std::move(environment);
  return settings;
}

Settings settings_of(const Url& url, Environment environment) {
  PostgresOptions options;
  auto& connection = options.connection;
  if (!url.user.empty()) connection["user"] = url.user;
  if (!url.password.empty()) connection["password"] = url.password;
  if (!url.host.empty() && url.host.find(',') != std::string::npos) {
    set_hosts(url.host, connection);
  } else if (!url.host.empty()) {
    connection["host"] = url.host;
  }
  if (url.port) connection["port"] = std::to_string(*url.port);
  const std::string path = url.path.starts_with('/') ? url.path.substr(1) : url.path;
  if (!path.empty()) connection["dbname"] = path;
  for (const auto& [name, value] : url.query) {
    const auto own = own_options().find(name);
    if (own != own_options().end()) {
      own->second(options, name, value);
    } else if (!connection.emplace(name, value).second) {
      throw Error(ErrorCode::invalid_argument, "a PostgreSQL URL gives " + name + " twice");
    }
  }
  return make_settings(std::move(options), std::move(environment));
}

}  // namespace dbsnap::postgres
