// An owned run of bytes that is not cleared first: a message of 64 MiB should touch its memory once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace avp {

/// Owned bytes. Moving keeps their address, so views into a moved buffer stay valid.
class byte_buffer {
public:
  /// Makes an empty buffer.
  byte_buffer() = default;

  /// Makes a buffer of `size` bytes whose content is not set. Throws std::bad_alloc when there is no memory for it.
  explicit byte_buffer(std::size_t size) : data_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}

  byte_buffer(byte_buffer&& other) noexcept : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  byte_buffer& operator=(byte_buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  /// First byte; null when nothing was ever allocated.
  [[nodiscard]] std::byte* data() { return data_.get(); }
  [[nodiscard]] const std::byte* data() const { return data_.get(); }

  /// Length in bytes.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// All bytes.
  [[nodiscard]] std::span<std::byte> bytes() { return {data_.get(), size_}; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_.get(), size_}; }

  /// Forgets the bytes from `size` on, which must not be over size(). Keeps the allocation.
  void shrink(std::size_t size) { size_ = size; }

private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
};

} // namespace avp
