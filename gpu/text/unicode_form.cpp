// Normalisation forms by utf8proc.
#include "gpu/text/unicode_form.hpp"

#include <cstdlib>
#include <memory>
#include <new>

#include <utf8proc.h>

#include "gpu/text/library_tables.hpp"
#include "gpu/text/unicode_class.hpp"
#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

struct free_normalized {
  void operator()(utf8proc_uint8_t* text) const { std::free(text); } // utf8proc takes it from malloc
};

unsigned options_of(unicode_form form) {
  switch (form) {
  case unicode_form::nfc:
    return UTF8PROC_STABLE | UTF8PROC_COMPOSE;
  case unicode_form::nfd:
    return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
  case unicode_form::nfkc:
    return UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
  case unicode_form::nfkd:
    break;
  }
  return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
}

/// Whether a character may be changed by what stands before it: it is a mark, or in some form begins with one or with a
/// vowel or final consonant of Hangul.
bool leans_back(char32_t c) {
  if (is_unknown_to_library(c))
    return false;
  const bool is_hangul_part =
      (c >= 0x1160 && c <= 0x11FF) || (c >= 0x3131 && c <= 0x318E) || (c >= 0xD7B0 && c <= 0xD7FF);
  const bool is_halfwidth = c >= 0xFF9E && c <= 0xFFDC; // Sound marks of kana, parts of Hangul.
  return is_mark(c) || is_hangul_part || is_halfwidth ||
         utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class != 0;
}

void append_normalized(std::string& to, std::string_view known, unicode_form form) {
  utf8proc_uint8_t* made = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(known.data()), static_cast<utf8proc_ssize_t>(known.size()),
                   &made, static_cast<utf8proc_option_t>(options_of(form)));
  const std::unique_ptr<utf8proc_uint8_t, free_normalized> owner(made);
  if (length < 0) // of valid UTF-8 only where there is no memory
    throw std::bad_alloc();
  to.append(reinterpret_cast<const char*>(made), static_cast<std::size_t>(length));
}

} // namespace

std::string normalized(std::string_view valid, unicode_form form) {
  std::string result;
  std::size_t begin = 0; // Of what the library's tables know.
  for (std::size_t at = 0; at < valid.size();) {
    const auto unit = read_utf8(valid.substr(at));
    if (is_unknown_to_library(unit.character)) {
      append_normalized(result, valid.substr(begin, at - begin), form);
      result += valid.substr(at, unit.length);
      begin = at + unit.length;
    }
    at += unit.length;
  }
  append_normalized(result, valid.substr(begin), form);
  return result;
}

std::size_t normalized_apart(std::string_view valid) {
  std::size_t at = read_utf8(valid).length;
  while (at < valid.size()) {
    const auto unit = read_utf8(valid.substr(at));
    if (!leans_back(unit.character))
      break;
    at += unit.length;
  }
  return at;
}

} // namespace avp
