# Every build option in one table. Nothing is auto-detected: an enabled component whose library is
# missing fails the configure step, and the message names the flag that leaves it out.

option(DBSNAP_BUILD_PROGRAM "Build the dbsnap program" ${PROJECT_IS_TOP_LEVEL})
option(DBSNAP_BUILD_CAPI "Build the C library libdbsnap" ON)
option(DBSNAP_BUILD_TESTS "Build the tests" OFF)
option(DBSNAP_BUILD_FUZZERS "Build the fuzzers (clang only)" OFF)
option(DBSNAP_BUILD_BENCHMARKS "Build the benchmark helpers" OFF)
option(DBSNAP_INSTALL "Generate the install rules" ${PROJECT_IS_TOP_LEVEL})
option(DBSNAP_WERROR "Treat warnings as errors" OFF)
set(DBSNAP_SANITIZE "" CACHE STRING "Sanitizers for our own code, for example address,undefined")
set(DBSNAP_TEST_FLAGS "" CACHE STRING "Flags for the code of the tests after all others, for example -O0")

# dbsnap_component(<engine|sink> <name> <flag suffix> <text> [<URL scheme>...])
# A component lives in src/<kind>s/<name>/ and provides dbsnap::register_<kind>_<name>(Registry&). Its URL
# schemes (by default its name) let a build without it say which flag would bring it back.
set(DBSNAP_COMPONENTS "")
set(DBSNAP_LEFT_OUT "")
function(dbsnap_component kind name suffix text)
  option(DBSNAP_WITH_${suffix} "${text}" ON)
  if(DBSNAP_WITH_${suffix})
    list(APPEND DBSNAP_COMPONENTS "${kind}:${name}")
    set(DBSNAP_COMPONENTS "${DBSNAP_COMPONENTS}" PARENT_SCOPE)
    return()
  endif()
  set(schemes ${ARGN})
  if(NOT schemes)
    set(schemes ${name})
  endif()
  foreach(scheme IN LISTS schemes)
    list(APPEND DBSNAP_LEFT_OUT "${kind}:${name}:${scheme}:DBSNAP_WITH_${suffix}")
  endforeach()
  set(DBSNAP_LEFT_OUT "${DBSNAP_LEFT_OUT}" PARENT_SCOPE)
endfunction()

dbsnap_component(engine sqlite SQLITE "SQLite engine (needs sqlite3)")
dbsnap_component(engine postgres POSTGRES "PostgreSQL engine (needs libpq)" postgres postgresql)
dbsnap_component(sink sftp SFTP "SFTP sink (needs libssh)")
dbsnap_component(sink s3 S3 "S3 sink (needs libcurl and pugixml)")
# What speaks HTTP shares one client.
set(DBSNAP_WITH_HTTP ${DBSNAP_WITH_S3})
# The sinks without a library of their own are always there.
list(APPEND DBSNAP_COMPONENTS "sink:local" "sink:memory")
