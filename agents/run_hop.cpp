// One hop from what arrived to what is handed on.
#include "agents/run_hop.hpp"

#include <array>
#include <cstddef>

#include "gpu/context.hpp"
#include "transport/kv.hpp"

namespace avp {

namespace {

// Positions in a context of a device of this process, or in one that came as bytes; 0 without one.
std::int64_t tokens_in(const payload& from) {
  if (!from.body)
    return 0;
  if (const auto* here = dynamic_cast<const context*>(from.body.get()))
    return here->tokens();
  std::array<std::byte, kv_header_bytes> start{};
  if (from.body->size() < start.size())
    return 0;
  from.body->write(0, start);
  const auto header = read_kv_header(start);
  return header ? header->seq_len : 0;
}

// Whether tokens were written behind a position. Of a context that came as bytes its device has to know.
bool has_note(const payload& from, std::int64_t begin) {
  const auto* here = dynamic_cast<const context*>(from.body.get());
  if (here == nullptr)
    return true;
  for (const auto* hop = here->history().get(); hop != nullptr && hop->tokens() > begin;
       hop = hop->leading_parent().get())
    if (!hop->generated.empty())
      return true;
  return false;
}

} // namespace

eventually<output> run_hop(avp::agent& agent, avp::hop& hop) {
  auto& contexts = hop.input_.contexts;
  for (std::size_t i = 0; i < hop.input_.foreign.size(); ++i) {
    if (hop.input_.foreign[i].empty())
      continue;
    auto& thought = contexts.size() == 1 ? hop.context_ : contexts[i];
    auto read = co_await hop.projected(std::move(thought), hop.input_.foreign[i]);
    thought = std::move(read);
  }
  if (contexts.size() > 1)
    co_await hop.join();
  const auto begins = tokens_in(hop.context());
  auto work = agent.run(hop);
  auto made = co_await std::move(work);
  const auto keep = hop.spec().keep;
  if (!hop.input_.hands_on || !made.context.body || keep == keep::all)
    co_return made;
  const auto end = tokens_in(made.context);
  const auto own = end < begins ? 0 : begins; // shorter: one of its own making
  // Nothing of the hop's own: it added no position, made no latent step, or wrote nothing. The next agent starts from
  // nothing.
  if (end == begins || (keep == keep::latent_only && hop.counts().latent_steps == 0) ||
      (keep == keep::note && !has_note(made.context, own))) {
    made.context = {};
    co_return made;
  }
  auto part = co_await hop.cut(std::move(made.context), own);
  made.context = std::move(part.context);
  co_return made;
}

} // namespace avp
