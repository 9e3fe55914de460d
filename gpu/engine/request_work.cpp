// The kinds of requests seen as one.
#include <array>

#include <avp/gpu/engine/request_work.hpp>

namespace avp {

const request& common_of(const request_work& work) {
  return std::visit([](const auto& asked) -> const request& { return asked; }, work);
}

const conversation* conversation_of(const request_work& work) {
  if (const auto* thinking = std::get_if<think>(&work))
    return thinking;
  return std::get_if<generate>(&work);
}

request_record record_of(const request_work& work) {
  static constexpr std::array names = {"think", "generate", "join", "rebuild", "adopt"};
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
