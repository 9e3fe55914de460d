// The contexts of this node by the ids of their recipes, for whoever continues on them.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gpu/context.hpp"

namespace avp {

/// Holds contexts until everybody who asked for that has released them. Any thread.
class kept_contexts {
public:
  /// Keeps a context; once more where one of its id is kept already. A payload whose body is no context is not kept.
  void keep(const payload& context);

  /// Ends one keep(). The last one lets the context go; an unknown id is ignored.
  void release(const std::string& id);

  /// The context of this id; without a body where none is kept.
  [[nodiscard]] payload find(const std::string& id) const;

  /// The longest context with which one of this history begins, that one itself included; without a body where none is
  /// kept. Its id is that of `context_in(found)->history()`.
  [[nodiscard]] payload longest_prefix(const std::shared_ptr<const recipe>& history) const;

  /// How many are kept, each counted once.
  [[nodiscard]] std::size_t size() const;

private:
  struct entry {
    payload context;
    std::size_t holders = 0;
  };

  mutable std::mutex guard_;
  std::map<std::string, entry> entries_;
};

/// The context that a payload holds by reference; null where it holds none of this process.
[[nodiscard]] std::shared_ptr<const context> context_in(const payload& from);

} // namespace avp
