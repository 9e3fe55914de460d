// Memory for weights on huge pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace avp {

/// `bytes` of memory with nothing in it yet, aligned to 64, that live as long as the pointer. Small pieces asked for
/// one after another share huge pages (2 MiB): a decoded token streams through all weights, and with pages of 4 KiB the
/// page walks halve the speed of that stream on virtual machines. The memory of a group of pieces is given back when
/// the last of them is gone. Throws std::bad_alloc.
[[nodiscard]] std::shared_ptr<std::byte> allocate_weights(std::int64_t bytes);

} // namespace avp
