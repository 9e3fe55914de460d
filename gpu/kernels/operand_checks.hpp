// What an operation was given and what it needs, before it takes raw pointers.
#pragma once

#include <cstdint>
#include <initializer_list>

#include <ATen/core/Tensor.h>

namespace avp {

/// Checks the operands of one operation by their sizes and types, never by their values. Throws std::invalid_argument
/// that says what was called, what is required and what came: "[gated] gate_up must have 2 dimensions but has 1".
class operand_checks {
public:
  explicit operand_checks(const char* operation) : operation_(operation) {}

  void dimensions(const char* name, const at::Tensor& given, std::int64_t required) const {
    if (given.dim() != required) [[unlikely]]
      fail_dimensions(name, given, required);
  }

  /// All sizes.
  void sizes(const char* name, const at::Tensor& given, std::initializer_list<std::int64_t> required) const {
    if (given.sizes() != at::IntArrayRef(required)) [[unlikely]]
      fail_sizes(name, given, required);
  }

  void type(const char* name, const at::Tensor& given, at::ScalarType required) const {
    if (given.scalar_type() != required) [[unlikely]]
      fail_type(name, given, required);
  }

  /// float32 or bfloat16, for which there are kernels.
  void has_kernels(const char* name, at::ScalarType given) const {
    if (given != at::kFloat && given != at::kBFloat16) [[unlikely]]
      fail_kernels(name, given);
  }

  void contiguous(const char* name, const at::Tensor& given) const {
    if (!given.is_contiguous()) [[unlikely]]
      fail_contiguous(name, given);
  }

  /// A number that is at most another one.
  void at_most(const char* name, std::int64_t given, std::int64_t most) const {
    if (given > most) [[unlikely]]
      fail_at_most(name, given, most);
  }

  /// A number that is a multiple of another one.
  void multiple(const char* name, std::int64_t given, std::int64_t of) const {
    if (of <= 0 || given % of != 0) [[unlikely]]
      fail_multiple(name, given, of);
  }

private:
  [[noreturn]] void fail_dimensions(const char* name, const at::Tensor& given, std::int64_t required) const;
  [[noreturn]] void fail_sizes(const char* name, const at::Tensor& given, at::IntArrayRef required) const;
  [[noreturn]] void fail_type(const char* name, const at::Tensor& given, at::ScalarType required) const;
  [[noreturn]] void fail_kernels(const char* name, at::ScalarType given) const;
  [[noreturn]] void fail_contiguous(const char* name, const at::Tensor& given) const;
  [[noreturn]] void fail_at_most(const char* name, std::int64_t given, std::int64_t most) const;
  [[noreturn]] void fail_multiple(const char* name, std::int64_t given, std::int64_t of) const;

  const char* operation_;
};

} // namespace avp
