# What `cmake --install` lays down: headers, libraries, program, CMake package, pkg-config files.
if(NOT DBSNAP_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dbsnap)

# Components that a consumer may ask for: every engine and sink of this build, and the two faces.
set(DBSNAP_PACKAGE_COMPONENTS cpp)
foreach(component IN LISTS DBSNAP_COMPONENTS)
  string(REGEX REPLACE "^.*:" "" name ${component})
  list(APPEND DBSNAP_PACKAGE_COMPONENTS ${name})
endforeach()

# pkg-config modules that the C++ library itself calls. A static archive passes them on to whoever links it.
set(DBSNAP_PKGCONFIG_MODULES ZSTD:libzstd CRYPTO:libcrypto ZLIB:zlib FMT:fmt)
if(DBSNAP_WITH_POSTGRES)
  list(APPEND DBSNAP_PKGCONFIG_MODULES LIBPQ:libpq)
endif()
if(DBSNAP_WITH_SQLITE)
  list(APPEND DBSNAP_PKGCONFIG_MODULES SQLITE3:sqlite3)
endif()
if(DBSNAP_WITH_SFTP)
  list(APPEND DBSNAP_PKGCONFIG_MODULES LIBSSH:libssh)
endif()
if(DBSNAP_WITH_S3)
  list(APPEND DBSNAP_PKGCONFIG_MODULES CURL:libcurl PUGIXML:pugixml)
endif()
get_target_property(library_type dbsnap TYPE)
set(DBSNAP_IS_STATIC OFF)
if(library_type STREQUAL "STATIC_LIBRARY")
  set(DBSNAP_IS_STATIC ON)
endif()

install(TARGETS dbsnap EXPORT dbsnap-cpp
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/dbsnap DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(EXPORT dbsnap-cpp NAMESPACE dbsnap:: DESTINATION ${package_dir} FILE dbsnap-cpp-targets.cmake)

if(DBSNAP_BUILD_CAPI)
  list(APPEND DBSNAP_PACKAGE_COMPONENTS capi)
  install(TARGETS dbsnap_capi EXPORT dbsnap-capi LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(FILES capi/include/dbsnap.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT dbsnap-capi NAMESPACE dbsnap:: DESTINATION ${package_dir} FILE dbsnap-capi-targets.cmake)
endif()
if(DBSNAP_BUILD_PROGRAM AND TARGET dbsnap_program)
  install(TARGETS dbsnap_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(cmake/dbsnap-config.cmake.in ${PROJECT_BINARY_DIR}/dbsnap-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break what came before it.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/dbsnap-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/dbsnap-config.cmake ${PROJECT_BINARY_DIR}/dbsnap-config-version.cmake
  DESTINATION ${package_dir})

# A static archive needs its libraries in every link, a shared one only in static links.
string(REGEX REPLACE "[A-Z0-9]+:" "" DBSNAP_PC_REQUIRES "${DBSNAP_PKGCONFIG_MODULES}")
string(REPLACE ";" ", " DBSNAP_PC_REQUIRES "${DBSNAP_PC_REQUIRES}")
set(DBSNAP_PC_REQUIRES_FIELD "Requires.private")
if(DBSNAP_IS_STATIC)
  set(DBSNAP_PC_REQUIRES_FIELD "Requires")
endif()
# Relative to the file itself where possible, so that an installed tree can be moved.
set(DBSNAP_PC_LIBDIR ${CMAKE_INSTALL_FULL_LIBDIR})
set(DBSNAP_PC_INCLUDEDIR ${CMAKE_INSTALL_FULL_INCLUDEDIR})
set(DBSNAP_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" AND NOT IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" up "${up}")
  set(DBSNAP_PC_PREFIX "\${pcfiledir}/${up}")
  set(DBSNAP_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(DBSNAP_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
set(DBSNAP_PC_FILES dbsnap-cpp.pc)
if(DBSNAP_BUILD_CAPI)
  list(APPEND DBSNAP_PC_FILES dbsnap.pc)
endif()
foreach(file IN LISTS DBSNAP_PC_FILES)
  configure_file(cmake/${file}.in ${PROJECT_BINARY_DIR}/${file} @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${file} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
