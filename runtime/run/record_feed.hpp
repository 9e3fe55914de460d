// Reads records on a thread of its own, one for each that is wanted, so that a slow standard input blocks nobody.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "runtime/pipeline/input.hpp"

namespace avp {

/// The next item, nothing at the end, or why no more can be read.
using fed_item = std::variant<std::optional<input_item>, std::string>;

/// Gives input items to a callback, on its own thread, each after a call of want().
class record_feed {
public:
  using source = std::function<std::optional<input_item>()>;
  using receiver = std::function<void(fed_item)>;

  /// `next` is called on the feed's thread only. The end, or what `next` throws, is given to `receive` once.
  record_feed(source next, receiver receive);
  record_feed(const record_feed&) = delete;
  record_feed& operator=(const record_feed&) = delete;

  /// Nothing is received after this. A read that is blocked (standard input) is left to itself.
  ~record_feed();

  /// Asks for one more item.
  void want();

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace avp
