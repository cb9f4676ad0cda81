// A program of somebody else's: makes a repository in memory through the C++ library.
#include <dbsnap/dbsnap.hpp>
#include <iostream>

int main() {
  try {
    dbsnap::CreateOptions options;
    options.password = "open sesame";
    const auto repository = dbsnap::Repository::create(dbsnap::open_sink("memory:"), options, {});
    std::cout << "cpp " << dbsnap::version() << '\n';
    return repository.encrypted() ? 0 : 1;
  } catch (const dbsnap::Error& error) {
    std::cerr << "error[" << name_of(error.code()) << "]: " << error.message() << '\n';
    return 1;
  }
}
