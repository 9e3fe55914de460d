// Brings the contexts of a hop onto a device of this process.
#include <algorithm>

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <avp/gpu/device_error.hpp>
#include <avp/runtime/node/context_gatherer.hpp>

namespace avp {

// What the contexts come together in.
struct context_gatherer::gathering {
  gathered_contexts result;
  std::size_t missing = 0;
  std::function<void(gathered_contexts)> done;
  bool waits = false; // for one that is not here

  void one_came() {
    if (--missing > 0)
      return;
    result.ended = waits ? std::chrono::steady_clock::now() : result.begun;
    done(std::move(result));
  }
};

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
  record.error = came.error;
  return record;
}

void context_gatherer::gather(std::vector<needed_context> wishes, const gather_target& target,
                              std::function<void(gathered_contexts)> done) {
  auto all = std::make_shared<gathering>();
  all->done = std::move(done);
  all->missing = wishes.size() + 1; // and this function
  all->waits = std::any_of(wishes.begin(), wishes.end(), [](const auto& wish) { return !wish.here.body; });
  all->result.begun = std::chrono::steady_clock::now();
  all->result.contexts.resize(wishes.size());
  all->result.wire_bytes.resize(wishes.size());
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const one_done came = [all, i](payload context, std::uint64_t wire_bytes) {
      all->result.contexts[i] = std::move(context);
      all->result.wire_bytes[i] = wire_bytes;
      all->one_came();
    };
    const auto failed = [all](std::string why) {
      all->result.error = std::move(why);
      all->one_came();
    };
    const auto& wish = wishes[i];
    if (wish.here.body)
      came(wish.here, 0);
    else if (wish.holder)
      fetch(wish, target, came, [self = shared_from_this(), wish, target, came, failed](const std::string& why) {
        self->tell_of_failure(wish.holder->name, why);
        self->make(wish, target, came, failed);
      });
    else
      make(wish, target, came, failed);
  }
  all->one_came();
}

// A link that does not work fails for every context.
void context_gatherer::tell_of_failure(const std::string& holder, const std::string& why) {
  if (told_.insert(holder).second)
    spdlog::info("node '{}' did not send a context ({}); it is made anew by its recipe, as all others will be that do "
                 "not come from there",
                 holder, why);
}

void context_gatherer::fetch(const needed_context& wish, const gather_target& target, const one_done& done,
                             const std::function<void(std::string)>& failed) {
  const auto id = wish.history->id();
  wanted_context wanted;
  wanted.from = *wish.holder;
  wanted.history = wish.history;
  wanted.base = exchange_.contexts().longest_prefix(wish.history);
  wanted.device = target.device;
  wanted.model = target.model;
  wanted.task = target.task;
  wanted.label = target.label;
  wanted.patience = patience_;
  const auto base = context_in(wanted.base);
  const auto home = caf::actor(self_);
  send_order order{.holder = wish.holder->name, .id = id, .prefix = base ? base->history()->id() : ""};
  const auto ask = [self = shared_from_this(), home, order](const std::string& ticket) {
    auto complete = order;
    complete.ticket = ticket;
    caf::anon_send(home, deferred_work{[self, complete] {
                     self->ask_(complete, [self, ticket = complete.ticket](const std::string& why) {
                       self->exchange_.give_up(ticket, {errc::rejected, why});
                     });
                   }});
  };
  const auto came = [home, done, failed](expected<moved_context> moved) {
    caf::anon_send(home, deferred_work{[moved = std::move(moved), done, failed] {
                     if (moved)
                       done(moved->context, moved->wire_bytes);
                     else
                       failed(moved.error().message);
                   }});
  };
  exchange_.expect(std::move(wanted), ask, came);
}

void context_gatherer::make(const needed_context& wish, const gather_target& target, const one_done& done,
                            const std::function<void(std::string)>& failed) {
  if (!target.device)
    return failed("the agent has no model, so it can't continue on a context of another node");
  rebuild request;
  request.id = next_request_id();
  request.task = target.task;
  request.label = target.label;
  request.model = target.model;
  request.history = wish.history;
  self_->request(target.device, caf::infinite, std::move(request))
      .then([done](result& made) { done(std::move(made.context), 0); },
            [failed](const caf::error& error) {
              failed("a context that it continues on is gone and can't be made anew: " + text_of(error));
            });
}

} // namespace avp
