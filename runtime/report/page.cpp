// The template language is Mustache, https://mustache.github.io/mustache.5.html.
#include "runtime/report/page.hpp"

#include <array>
#include <stdexcept>

#include <kainjow/mustache.hpp>
#include <openssl/evp.h>

#include "runtime/report/html_text.hpp"
#include "runtime/report/page_files.hpp"
#include "transport/sha256.hpp"

namespace avp {

namespace {

namespace mustache = kainjow::mustache;

mustache::data to_data(const nlohmann::ordered_json& value) {
  if (value.is_object()) {
    mustache::data object(mustache::data::type::object);
    for (const auto& [key, member] : value.items())
      object[key] = to_data(member);
    return object;
  }
  if (value.is_array()) {
    mustache::data list(mustache::data::type::list);
    for (const auto& member : value)
      list.push_back(to_data(member));
    return list;
  }
  if (value.is_string())
    return value.get_ref<const std::string&>().empty() ? mustache::data(mustache::data::type::bool_false)
                                                       : mustache::data(value.get_ref<const std::string&>());
  return {value.is_boolean() && value.get<bool>()};
}

// As Content-Security-Policy names a script or style: https://www.w3.org/TR/CSP3/#framework-directive-source-list.
std::string hash_of(std::string_view text) {
  const auto digest = sha256(text);
  std::array<unsigned char, digest.size() * 2> base64{};
  const auto written = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
  return "sha256-" + std::string(base64.begin(), base64.begin() + written);
}

} // namespace

std::string render_page(const nlohmann::ordered_json& data) {
  auto values = to_data(data);
  values["table_html"] = std::string(table_template);
  values["style"] = std::string(page_style);
  values["style_hash"] = hash_of(page_style);
  values["script"] = std::string(page_script);
  values["script_hash"] = hash_of(page_script);
  mustache::mustache page{std::string(page_template)};
  page.set_custom_escape([](const std::string& text) { return html_escaped(text); });
  auto text = page.render(values);
  if (!page.is_valid())
    throw std::logic_error("the report's template is wrong: " + page.error_message());
  return text;
}

} // namespace avp
