// Where URLs lie on this machine, and which places must not lie inside each other.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace dbsnap::cli {

/// The place a plain path or a URL without a host ("sqlite:///srv/app.db", "file:///srv/b") names,
/// absolute and with links resolved as far as it exists. Nothing for other machines' places.
std::optional<std::filesystem::path> local_place(std::string_view url);

/// True when `inner` is `outer` or lies below it.
bool lies_in(const std::filesystem::path& inner, const std::filesystem::path& outer);

/// Refuses a source inside the repository's folder and a repository inside a source that is a
/// folder: one would store the other for ever. Throws Error{invalid_argument}.
void require_source_apart(const std::string& source_url, const std::string& repository_url);

/// Refuses to write a restored or exported file into the repository's folder. Throws
/// Error{invalid_argument}.
void require_target_apart(const std::string& target_url, const std::string& repository_url);

/// What may be shown of a URL that nothing could be opened from: without user, password and parameters.
std::string without_secrets(std::string_view url);

/// A URL as people type it: the plain path where it names one, otherwise as it is.
std::string place_text(const std::string& url);

}  // namespace dbsnap::cli
