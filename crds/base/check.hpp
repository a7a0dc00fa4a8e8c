// A broken invariant ends the process: a restart is safer than going on with a wrong belief.
#pragma once

#include <cstdio>
#include <cstdlib>

// `why` says why the condition must hold; it is printed with the place.
#define SLIPWAY_CHECK(condition, why)                                                     \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", __FILE__, __LINE__, why, \
                   #condition);                                                           \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
