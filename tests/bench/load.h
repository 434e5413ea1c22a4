#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "patchbay/base/result.h"

namespace patchbay::bench {

/// Sends the same request over `connections` keep-alive connections, each as soon as its last answer is
/// complete, from one thread. Completed requests per second after the warm-up. An Error for the first answer
/// that is not a 200.
Result<double> requests_per_second(int port, const std::string& request, int connections,
                                   std::chrono::milliseconds warm_up, std::chrono::milliseconds length);

/// Milliseconds of each of `count` requests, one after the other on one connection.
Result<std::vector<double>> latencies(int port, const std::string& request, int count);

}  // namespace patchbay::bench
