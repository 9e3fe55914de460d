// A chat template that is compiled once and rendered many times.
#include "gpu/text/jinja/chat_program.hpp"

#include <memory>
#include <utility>

#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/parser.hpp"

namespace avp::jinja {

chat_program chat_program::compile(std::string_view source) {
  chat_program made;
  made.body_ = std::make_shared<const statements>(parse(source));
  return made;
}

marked_text chat_program::render(const variables& given, const limits& allowed) const {
  run work(allowed);
  try {
    interpreter by(work, given);
    marked_text text;
    (void)by.execute(*body_, std::make_shared<scope>(), text);
    return text;
  } catch (const fault& wrong) {
    throw error(work.at, wrong.what());
  }
}

} // namespace avp::jinja
