// Bounded parsing, and Python's way of writing JSON.
#include "transport/handshake/json_text.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace avp {

namespace {

constexpr int max_depth = 64;

/// Whether brackets outside of strings are nested deeper than max_depth. The parser itself needs no stack, but whoever
/// walks its result does.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth)
        return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

/// Decodes the next code point of well-formed UTF-8.
char32_t next_code_point(std::string_view text, std::size_t& i) {
  const auto first = static_cast<unsigned char>(text[i++]);
  if (first < 0x80)
    return first;
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  char32_t point = first & (0x3f >> more);
  for (int k = 0; k < more; ++k)
    point = point << 6 | (static_cast<unsigned char>(text[i++]) & 0x3f);
  return point;
}

void write_string(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto point = next_code_point(text, i);
    switch (point) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    default:
      if (point >= ' ' && point <= '~')
        out += static_cast<char>(point);
      else if (point < 0x10000)
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(point));
      else
        fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}",
                       static_cast<std::uint32_t>(0xd800 + ((point - 0x10000) >> 10)),
                       static_cast<std::uint32_t>(0xdc00 + ((point - 0x10000) & 0x3ff)));
    }
  }
  out += '"';
}

/// Python's float.__repr__: the shortest digits that read back as the same number; with an exponent of at least two
/// digits below 1e-4 and from 1e16 on, otherwise plain with at least one digit behind the point.
void write_float(double value, std::string& out) {
  char digits[40];
  const auto scientific = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific);
  const std::string_view text(digits, static_cast<std::size_t>(scientific.ptr - digits));
  const auto e = text.find('e');
  const int exponent = std::stoi(std::string(text.substr(e + 1)));
  if (value != 0 && (exponent < -4 || exponent >= 16)) {
    out += text;
    return;
  }
  const auto fixed = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed);
  const std::string_view plain(digits, static_cast<std::size_t>(fixed.ptr - digits));
  out += plain;
  if (plain.find('.') == std::string_view::npos)
    out += ".0";
}

void write_value(const nlohmann::json& value, std::string& out) {
  if (value.is_object()) {
    out += '{';
    for (auto item = value.begin(); item != value.end(); ++item) {
      if (item != value.begin())
        out += ',';
      write_string(item.key(), out);
      out += ':';
      write_value(item.value(), out);
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    for (auto item = value.begin(); item != value.end(); ++item) {
      if (item != value.begin())
        out += ',';
      write_value(*item, out);
    }
    out += ']';
  } else if (value.is_string()) {
    write_string(value.get_ref<const std::string&>(), out);
  } else if (value.is_number_float()) {
    write_float(value.get<double>(), out);
  } else {
    out += value.dump();
  }
}

} // namespace

expected<nlohmann::json> parse_json(std::string_view text, std::string_view what) {
  if (too_deep(text))
    return fail(errc::bad_json,
                fmt::format("{}: it is nested deeper than the {} levels that are allowed.", what, max_depth));
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& mistake) {
    return fail(errc::bad_json, fmt::format("{}: it is no JSON text ({}).", what, mistake.what()));
  }
}

std::string python_json(const nlohmann::json& value) {
  std::string out;
  write_value(value, out);
  return out;
}

json_fields::json_fields(const nlohmann::json& object, std::string_view what) : object_(object), what_(what) {
  if (!object.is_object())
    result_ = fail(errc::bad_json, fmt::format("{}: a JSON object is expected, not {}.", what, object.type_name()));
}

const nlohmann::json* json_fields::find(const char* key) const {
  if (!result_)
    return nullptr;
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

void json_fields::wrong(const char* key, const char* wanted, const nlohmann::json& found) {
  result_ = fail(errc::bad_json, fmt::format("{}: {} must be {}, not {}.", what_, key, wanted, found.type_name()));
}

json_fields& json_fields::read(const char* key, std::string& to) {
  if (const auto* value = find(key)) {
    if (value->is_string())
      to = value->get<std::string>();
    else
      wrong(key, "a string", *value);
  }
  return *this;
}

json_fields& json_fields::read(const char* key, std::uint32_t& to) {
  if (const auto* value = find(key)) {
    if (value->is_number_unsigned() && value->get<std::uint64_t>() <= std::numeric_limits<std::uint32_t>::max())
      to = value->get<std::uint32_t>();
    else
      wrong(key, "an integer from 0 to 4294967295", *value);
  }
  return *this;
}

json_fields& json_fields::read_object(const char* key, std::string& to) {
  if (const auto* value = find(key)) {
    if (value->is_object())
      to = value->dump();
    else
      wrong(key, "an object", *value);
  }
  return *this;
}

} // namespace avp
