// JSON as Python's json.dumps() writes it.
#include "gpu/text/jinja/to_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/compare.hpp"
#include "gpu/text/jinja/show.hpp"
#include "gpu/text/utf8.hpp"

namespace avp::jinja {

namespace {

marked_text json_sign(std::string text) { return marked_text::trusted(std::move(text)); }

void append_code_unit(std::string& to, unsigned unit) {
  std::array<char, 16> buffer{};
  (void)std::snprintf(buffer.data(), buffer.size(), "\\u%04x", unit);
  to += buffer.data();
}

void append_json_character(std::string& to, char32_t character, bool ascii) {
  constexpr std::string_view plain = "\"\\\n\r\t\f\b";
  constexpr std::string_view letters = "\"\\nrtfb";
  if (const auto at = character < 0x80 ? plain.find(static_cast<char>(character)) : std::string_view::npos;
      at != std::string_view::npos) {
    to += {'\\', letters[at]};
  } else if (character < 0x20 || (ascii && character >= 0x7F && character < 0x10000)) {
    append_code_unit(to, character);
  } else if (ascii && character >= 0x10000) {
    append_code_unit(to, 0xD800U + ((character - 0x10000U) >> 10U));
    append_code_unit(to, 0xDC00U + ((character - 0x10000U) & 0x3FFU));
  } else {
    append_utf8(to, character);
  }
}

class json_writer {
public:
  json_writer(run& work, const json_layout& layout) : work_(work), layout_(layout) {}

  marked_text write(const value& what) {
    add(what, 0);
    return std::move(made_);
  }

private:
  void add(const value& what, std::size_t level) {
    const nested one(work_);
    work_.spend();
    if (const auto* text = what.text()) {
      add_string(*text);
    } else if (const auto* entries = what.entries()) {
      add_map(*entries, level);
    } else if (what.items() &&
               (what.items()->kind == sequence_kind::list || what.items()->kind == sequence_kind::tuple)) {
      add_list(*what.items(), level);
    } else if (what.is_none() || what.is_number()) {
      made_ += json_sign(plain(what));
    } else {
      throw fault("a " + what.type_name() + " can't be written as JSON" +
                  (what.is_undefined() ? ": " + what.reason() : ""));
    }
    work_.check_text(made_.text().size());
  }

  static std::string plain(const value& what) {
    if (what.is_none())
      return "null";
    if (what.is_bool())
      return what.truth() ? "true" : "false";
    if (!what.is_float())
      return std::to_string(what.integer());
    if (std::isnan(what.real()))
      return "NaN";
    if (std::isinf(what.real()))
      return what.real() < 0 ? "-Infinity" : "Infinity";
    return shown_float(what.real());
  }

  void add_string(const marked_text& text) {
    made_ += json_sign("\"");
    made_ += changed_parts(text, [&](std::string_view part) {
      std::string escaped;
      for (std::size_t at = 0; at < part.size();) {
        const utf8_unit unit = read_utf8(part.substr(at));
        if (unit.state == utf8_state::valid)
          append_json_character(escaped, unit.character, layout_.ascii);
        else
          escaped += part.substr(at, unit.length);
        at += unit.length;
      }
      return escaped;
    });
    made_ += json_sign("\"");
  }

  void new_line(std::size_t level) {
    if (!layout_.indent)
      return;
    made_ += json_sign("\n");
    for (std::size_t i = 0; i < level; ++i)
      made_ += *layout_.indent;
  }

  void add_list(const sequence& items, std::size_t level) {
    made_ += json_sign("[");
    for (const value& item : items.items) {
      if (&item != items.items.data())
        made_ += layout_.between_items;
      new_line(level + 1);
      add(item, level + 1);
    }
    if (!items.items.empty())
      new_line(level);
    made_ += json_sign("]");
  }

  void add_key(const value& key) {
    if (key.text())
      add_string(*key.text());
    else if (key.is_none() || key.is_number())
      add_string(json_sign(plain(key)));
    else
      throw fault("a key of JSON is a string, not a " + key.type_name());
  }

  void add_map(const mapping& map, std::size_t level) {
    auto entries = map.entries();
    if (layout_.sorted)
      std::ranges::stable_sort(
          entries, [](const auto& left, const auto& right) { return compare(left.first, right.first) < 0; });
    made_ += json_sign("{");
    for (const auto& [key, held] : entries) {
      if (&key != &entries.front().first)
        made_ += layout_.between_items;
      new_line(level + 1);
      add_key(key);
      made_ += layout_.behind_key;
      add(held, level + 1);
    }
    if (!entries.empty())
      new_line(level);
    made_ += json_sign("}");
  }

  run& work_;
  const json_layout& layout_;
  marked_text made_;
};

} // namespace

marked_text to_json(run& work, const value& what, const json_layout& layout) {
  return json_writer(work, layout).write(what);
}

} // namespace avp::jinja
