// Tokens of a template, one after another.
#include "gpu/text/jinja/token_stream.hpp"

namespace avp::jinja {

namespace {

std::string described(token_type type) {
  switch (type) {
  case token_type::block_end:
    return "\"%}\"";
  case token_type::variable_end:
    return "\"}}\"";
  case token_type::name:
    return "a name";
  default:
    return "a value";
  }
}

} // namespace

void token_stream::fail(const std::string& expected) const {
  const token& now = current();
  throw error(now.at,
              "expected " + expected + ", but " +
                  (now.type == token_type::end                                      ? "the template ends"
                   : now.type == token_type::text || now.type == token_type::string ? "there is a text"
                                                                                    : "there is \"" + now.text + "\""));
}

const token& token_stream::expect_sign(std::string_view sign) {
  if (!current().is_sign(sign))
    fail("\"" + std::string(sign) + "\"");
  return next();
}

const token& token_stream::expect_name(std::string_view name) {
  if (!current().is_name(name))
    fail("\"" + std::string(name) + "\"");
  return next();
}

const token& token_stream::expect(token_type type) {
  if (current().type != type)
    fail(described(type));
  return next();
}

} // namespace avp::jinja
