// Messages about operands that an operation can't take.
#include "gpu/kernels/operand_checks.hpp"

#include <stdexcept>
#include <string>

#include <ATen/ATen.h>

namespace avp {

namespace {

[[noreturn]] void refuse(const char* operation, const char* name, const std::string& why) {
  throw std::invalid_argument(std::string("[") + operation + "] " + name + " " + why);
}

std::string text_of_sizes(at::IntArrayRef sizes) {
  std::string text = "[";
  for (const auto size : sizes)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::string word_for(at::ScalarType type) {
  return type == at::kFloat ? "float32" : type == at::kBFloat16 ? "bfloat16" : at::toString(type);
}

} // namespace

void operand_checks::fail_dimensions(const char* name, const at::Tensor& given, std::int64_t required) const {
  if (!given.defined())
    refuse(operation_, name, "must be given");
  refuse(operation_, name,
         "must have " + std::to_string(required) + (required == 1 ? " dimension" : " dimensions") + " but has " +
             std::to_string(given.dim()));
}

void operand_checks::fail_sizes(const char* name, const at::Tensor& given, at::IntArrayRef required) const {
  if (!given.defined() || given.dim() != static_cast<std::int64_t>(required.size()))
    fail_dimensions(name, given, static_cast<std::int64_t>(required.size()));
  refuse(operation_, name, "must be " + text_of_sizes(required) + " but is " + text_of_sizes(given.sizes()));
}

void operand_checks::fail_type(const char* name, const at::Tensor& given, at::ScalarType required) const {
  refuse(operation_, name, "must be " + word_for(required) + " but is " + word_for(given.scalar_type()));
}

void operand_checks::fail_kernels(const char* name, at::ScalarType given) const {
  refuse(operation_, name, "must be float32 or bfloat16 but is " + word_for(given));
}

void operand_checks::fail_contiguous(const char* name, const at::Tensor& given) const {
  refuse(operation_, name,
         "must be contiguous but has strides " + text_of_sizes(given.strides()) + " for sizes " +
             text_of_sizes(given.sizes()));
}

void operand_checks::fail_at_most(const char* name, std::int64_t given, std::int64_t most) const {
  refuse(operation_, name, "must be at most " + std::to_string(most) + " but is " + std::to_string(given));
}

void operand_checks::fail_multiple(const char* name, std::int64_t given, std::int64_t of) const {
  refuse(operation_, name, "must be a multiple of " + std::to_string(of) + " but is " + std::to_string(given));
}

} // namespace avp
