// JSON whose numbers keep their digits.
#include "runtime/pipeline/exact_json.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <system_error>

#include "transport/ascii.hpp"

namespace avp {
namespace {

using nlohmann::ordered_json;

constexpr int deepest_nesting = 128; // nlohmann reads, writes and copies nested values by recursion.

/// Finds the numbers of a JSON text, in order.
class number_texts {
public:
  explicit number_texts(std::string_view json) : json_(json) {}

  /// The next number; empty behind the last one.
  std::string_view next() {
    while (at_ < json_.size()) {
      if (json_[at_] == '"')
        skip_string();
      else if (json_[at_] == '-' || is_digit(json_[at_]))
        return take_number();
      else
        ++at_;
    }
    return {};
  }

private:
  void skip_string() {
    for (++at_; at_ < json_.size() && json_[at_] != '"'; ++at_)
      if (json_[at_] == '\\')
        ++at_;
    ++at_;
  }

  [[nodiscard]] bool has_digit(std::size_t at) const { return at < json_.size() && is_digit(json_[at]); }
  [[nodiscard]] bool has(char lowercase) const { return at_ < json_.size() && lower(json_[at_]) == lowercase; }

  void skip_digits() {
    while (has_digit(at_))
      ++at_;
  }

  // RFC 8259, section 6: no digit goes before or behind a leading zero.
  std::string_view take_number() {
    const auto begin = at_;
    at_ += has('-') ? 1 : 0;
    if (has('0'))
      ++at_;
    else
      skip_digits();
    if (has('.') && has_digit(at_ + 1)) {
      ++at_;
      skip_digits();
    }
    if (has('e')) {
      const std::size_t sign = at_ + 1 < json_.size() && (json_[at_ + 1] == '+' || json_[at_ + 1] == '-') ? 1 : 0;
      if (has_digit(at_ + 1 + sign)) {
        at_ += 1 + sign;
        skip_digits();
      }
    }
    return json_.substr(begin, at_ - begin);
  }

  std::string_view json_;
  std::size_t at_ = 0;
};

/// Zeros, as long as they were, for the numbers that no double holds: nlohmann refuses some of them.
std::string within_range(std::string_view json) {
  std::string text(json);
  number_texts numbers(json);
  for (auto number = numbers.next(); !number.empty(); number = numbers.next()) {
    double value = 0;
    if (std::from_chars(number.data(), number.data() + number.size(), value).ec != std::errc::result_out_of_range)
      continue;
    const auto begin = text.begin() + (number.data() - json.data());
    std::fill_n(begin, number.size(), ' ');
    *begin = '0';
  }
  return text;
}

template <class Json>
void write(const Json& value, std::string& text) {
  if (value.is_binary()) {
    text.append(value.get_binary().begin(), value.get_binary().end());
  } else if (value.is_object()) {
    char before = '{';
    for (const auto& [key, part] : value.template get_ref<const typename Json::object_t&>()) {
      text.append(1, before).append(Json(key).dump()) += ':';
      write(part, text);
      before = ',';
    }
    text += value.empty() ? "{}" : "}";
  } else if (value.is_array()) {
    char before = '[';
    for (const auto& part : value) {
      text += before;
      write(part, text);
      before = ',';
    }
    text += value.empty() ? "[]" : "]";
  } else {
    text += value.dump();
  }
}

} // namespace

ordered_json parse_exact(std::string_view text) {
  number_texts numbers(text);
  const auto keep_numbers = [&](int depth, ordered_json::parse_event_t event, ordered_json& value) {
    if (depth > deepest_nesting)
      throw std::length_error("arrays and objects are nested deeper than " + std::to_string(deepest_nesting));
    if (event != ordered_json::parse_event_t::value || !value.is_number())
      return true;
    const auto number = numbers.next();
    if (depth > 0 && value.dump() != number)
      value = ordered_json::binary({number.begin(), number.end()});
    return true;
  };
  return ordered_json::parse(within_range(text), keep_numbers);
}

std::string exact_text(const ordered_json& value) {
  std::string text;
  write(value, text);
  return text;
}

std::string sorted_text(const ordered_json& value) {
  std::string text;
  write(nlohmann::json(value), text);
  return text;
}

bool is_whole_number(const ordered_json& value) {
  return value.is_number_integer() ||
         (value.is_binary() && exact_text(value).find_first_of(".eE") == std::string::npos);
}

} // namespace avp
