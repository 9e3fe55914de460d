// The contexts of a hop, wanted and come.
#include "runtime/node/gathered_contexts.hpp"

namespace avp {

std::optional<request_record> fetch_record(const gather_target& target, const gathered_contexts& came) {
  if (came.ended == came.begun)
    return {};
  request_record record;
  record.task = target.task;
  record.label = target.label;
  record.kind = "fetch";
  record.model = target.model;
  record.submitted = record.started = came.begun;
  record.ended = came.ended;
  record.error = came.why_not ? came.why_not->text : "";
  return record;
}

} // namespace avp
