// Symbol visibility of the C++ library. The C ABI has its own macro in dbsnap.h.
#pragma once

#if defined(_WIN32)
#define DBSNAP_API
#else
#define DBSNAP_API __attribute__((visibility("default")))
#endif
