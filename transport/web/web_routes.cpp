// Comparing paths.
#include "transport/web/web_routes.hpp"

namespace avp {

namespace {

bool covers(const web_route& route, const std::string& path) {
  return route.path == path ||
         (route.path.ends_with('/') && path.size() > route.path.size() && path.starts_with(route.path));
}

} // namespace

found_route find_route(const std::vector<web_route>& routes, const std::string& method, const std::string& path) {
  found_route found;
  std::size_t longest = 0;
  for (const auto& route : routes)
    if (covers(route, path))
      longest = std::max(longest, route.path.size());
  for (const auto& route : routes) {
    if (!covers(route, path) || route.path.size() < longest)
      continue;
    found.allowed += (found.allowed.empty() ? "" : ", ") + route.method + (route.method == "GET" ? ", HEAD" : "");
    if (route.method == method || (route.method == "GET" && method == "HEAD"))
      found.route = &route;
  }
  return found;
}

} // namespace avp
