// What one rendering may do, and has done.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// What one rendering may cost. A template comes with a model from anywhere, so none may take the machine with it.
struct limits {
  std::size_t steps = 5'000'000;        ///< Expressions, elements of lists and, 64 at a time, bytes of strings.
  std::size_t depth = 1200;             ///< Expressions and statements in one another, calls of macros included.
  std::size_t text_bytes = 64ULL << 20; ///< Of every string, the rendered one included.
};

/// A thing that may hold others that hold it: it is emptied when the rendering ends.
class emptied_at_end {
public:
  emptied_at_end() = default;
  emptied_at_end(const emptied_at_end&) = delete;
  emptied_at_end& operator=(const emptied_at_end&) = delete;
  virtual ~emptied_at_end() = default;

  /// Lets go of everything it holds.
  virtual void clear() = 0;
};

/// One rendering: its budget, where it is, and what it must take apart at its end.
class run {
public:
  explicit run(const limits& allowed);
  run(const run&) = delete;
  run& operator=(const run&) = delete;
  ~run();

  /// Counts `steps`. Throws fault when there are too many.
  void spend(std::size_t steps = 1);

  /// Counts steps for the rendering that this thread is at, if it is at one: for comparing values, which nobody hands a
  /// rendering, such as keys of maps.
  static void spend_here(std::size_t steps = 1);

  /// Throws fault when a string of so many bytes is too long.
  void check_text(std::size_t bytes) const;

  /// Counts a string of so many bytes, and checks it.
  void spend_text(std::size_t bytes);

  /// The string as a value, counted.
  value text(marked_text made);

  /// Counts one level of nesting. Throws fault when there are too many; so does a value nested too deeply.
  void enter();
  void leave() { --depth_; }

  /// Keeps `thing` until the end, and empties it then.
  void keep(std::shared_ptr<emptied_at_end> thing) { kept_.push_back(std::move(thing)); }

  place at; ///< Of what is being done.

private:
  limits allowed_;
  run* before_; ///< The one that this thread was at.
  std::size_t steps_ = 0;
  std::size_t depth_ = 0;
  std::vector<std::shared_ptr<emptied_at_end>> kept_;
};

/// One level of nesting, as long as it lives.
class nested {
public:
  explicit nested(run& work) : work_(work) { work_.enter(); }
  nested(const nested&) = delete;
  nested& operator=(const nested&) = delete;
  ~nested() { work_.leave(); }

private:
  run& work_;
};

} // namespace avp::jinja
