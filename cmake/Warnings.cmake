# Warnings and sanitizers of our own targets; never inherited by a consumer.

# dbsnap_test_flags(<target>...): what tests are compiled with on top. They are much code that runs little.
function(dbsnap_test_flags)
  separate_arguments(flags UNIX_COMMAND "${DBSNAP_TEST_FLAGS}")
  foreach(target IN LISTS ARGN)
    target_compile_options(${target} PRIVATE ${flags})
  endforeach()
endfunction()

function(dbsnap_private_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                         $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>)
  # g++ 12 sees overflows in its own std::string and std::vector when it optimises (its bugs 105329, 105651).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds>)
  endif()
  if(DBSNAP_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(DBSNAP_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${DBSNAP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${DBSNAP_SANITIZE})
  endif()
endfunction()
