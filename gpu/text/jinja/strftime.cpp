// strftime_now() of templates.
#include <array>
#include <ctime>
#include <memory>
#include <string>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/chat_program.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/object.hpp"

namespace avp::jinja {

namespace {

class strftime_object final : public object {
public:
  explicit strftime_object(const std::tm& now) : now_(now) {}

  [[nodiscard]] std::string type_name() const override { return "function"; }
  [[nodiscard]] marked_text shown(run&) const override { return marked_text::trusted("<function strftime_now>"); }
  [[nodiscard]] bool callable() const override { return true; }

  value call(run& work, arguments given) override {
    const auto& form = text_of(*bind("strftime_now()", given, {"format"})[0]);
    if (form.text().size() > 200)
      throw fault("the format of strftime_now() is longer than 200 bytes");
    const std::string ended = form.text() + "."; // so that nothing written is not an error
    std::array<char, 4096> buffer{};
    const auto size = std::strftime(buffer.data(), buffer.size(), ended.c_str(), &now_);
    if (size == 0)
      throw fault("strftime_now() can't write the date in this form");
    std::string text(buffer.data(), size - 1);
    return work.text(form.data().empty() ? marked_text::trusted(std::move(text)) : marked_text(std::move(text)));
  }

private:
  std::tm now_;
};

} // namespace

value strftime_function(const std::tm& now) { return std::shared_ptr<object>(std::make_shared<strftime_object>(now)); }

} // namespace avp::jinja
