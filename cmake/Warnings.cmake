# Warnings and sanitizers of our own targets; never inherited by a consumer.

function(dbsnap_private_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                         $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>)
  if(DBSNAP_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(DBSNAP_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${DBSNAP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${DBSNAP_SANITIZE})
  endif()
endfunction()
