// The kinds of requests seen as one.
#include "gpu/engine/request_work.hpp"

#include <array>

namespace avp {

const request& common_of(const request_work& work) {
  return std::visit([](const auto& asked) -> const request& { return asked; }, work);
}

request_record record_of(const request_work& work) {
  static constexpr std::array names = {"think", "generate", "join", "rebuild", "adopt", "score_next", "project"};
  const auto& common = common_of(work);
  request_record record;
  record.id = common.id;
  record.task = common.task;
  record.label = common.label;
  record.kind = names[work.index()];
  record.model = common.model;
  record.submitted = std::chrono::steady_clock::now();
  return record;
}

} // namespace avp
