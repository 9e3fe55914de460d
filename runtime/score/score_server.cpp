// A line in, a line out.
#include "runtime/score/score_server.hpp"

#include <csignal>
#include <iostream>
#include <new>
#include <string>

#include <nlohmann/json.hpp>
#include <sys/prctl.h>

#include "runtime/score/score.hpp"

namespace avp {
namespace {

nlohmann::json reply_to(const std::string& line) {
  try {
    const auto pair = nlohmann::json::parse(line);
    const auto kind = value_named<score_kind>(pair.at("kind").get<std::string>());
    const auto value = score(kind.value(), pair.at("answer").get_ref<const std::string&>(),
                             pair.at("expected").get_ref<const std::string&>());
    return {{"score", value ? nlohmann::json(*value) : nlohmann::json(nullptr)}};
  } catch (const std::bad_alloc&) {
    return {{"error", "it used up its memory"}};
  } catch (const std::exception& error) {
    return {{"error", error.what()}};
  }
}

} // namespace

void serve_scores() {
  // Who began to die before this has closed the input.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << reply_to(line).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

} // namespace avp
