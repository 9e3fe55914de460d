// Finds what answers a path; used inside the room only.
#pragma once

#include <string>
#include <vector>

#include "transport/web/web_route.hpp"

namespace avp {

/// A route, or the methods ("GET, HEAD") that the path has others for; neither where the path is not known.
struct found_route {
  const web_route* route = nullptr;
  std::string allowed;
};

/// The route of a method and a path: that of the whole path, or of the longest beginning of it.
[[nodiscard]] found_route find_route(const std::vector<web_route>& routes, const std::string& method,
                                     const std::string& path);

} // namespace avp
