#include "sinks/s3/address.hpp"

#include <string_view>

#include "base/percent.hpp"

namespace dbsnap::s3 {
namespace {

std::string aws_host(const std::string& region) {
  return "s3." + region + ".amazonaws.com" + (region.starts_with("cn-") ? ".cn" : "");
}

bool has_suffix(std::string_view host, std::string_view suffix) {
  return host == suffix || (host.size() > suffix.size() && host.ends_with(suffix));
}

/// "https://host:443/base" taken apart.
Address parse_endpoint(const std::string& endpoint) {
  Address address;
  const auto separator = endpoint.find("://");
  address.scheme = endpoint.substr(0, separator);
  const std::string rest = endpoint.substr(separator + 3);
  const auto slash = rest.find('/');
  address.host = rest.substr(0, slash);
  if (slash != std::string::npos) address.path = rest.substr(slash);
  const std::string usual_port = address.scheme == "https" ? ":443" : ":80";
  if (address.host.ends_with(usual_port)) address.host.resize(address.host.size() - usual_port.size());
  return address;
}

bool is_virtual(const S3Options& options) {
  if (options.addressing != S3Addressing::automatic) return options.addressing == S3Addressing::virtual_host;
  // The certificate's wildcard stands for one label: a bucket with a dot has two.
  return is_aws_endpoint(options) && options.bucket.find('.') == std::string::npos;
}

}  // namespace

bool is_aws_endpoint(const S3Options& options) {
  if (options.endpoint.empty()) return true;
  const std::string host = parse_endpoint(options.endpoint).host;
  return has_suffix(host, ".amazonaws.com") || has_suffix(host, ".amazonaws.com.cn");
}

bool keeps_checksums(const S3Options& options) {
  if (options.checksums != S3Checksums::automatic) return options.checksums == S3Checksums::on;
  return is_aws_endpoint(options);
}

Address address_of(const S3Options& options, const std::string& region, const std::string& key) {
  Address address =
      options.endpoint.empty() ? Address{"https", aws_host(region), ""} : parse_endpoint(options.endpoint);
  if (is_virtual(options)) {
    address.host = options.bucket + "." + address.host;
  } else {
    address.path += "/" + percent_encode(options.bucket);
  }
  if (!key.empty()) {
    address.path += "/" + percent_encode(key, "/");
  } else if (address.path.empty()) {
    address.path = "/";
  }
  return address;
}

}  // namespace dbsnap::s3
