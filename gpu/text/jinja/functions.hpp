// Functions of templates that are written here.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "gpu/text/jinja/object.hpp"

namespace avp::jinja {

/// What a function does.
using function_body = value (*)(run& work, const value& self, const arguments& given);

/// A function, filter, test or method and its name.
struct named_method {
  std::string_view name;
  function_body body;
};

/// A function, or a method of `self`.
class function : public object {
public:
  function(std::string name, function_body body, value self = {})
      : name_(std::move(name)),
        body_(body),
        self_(std::move(self)) {}

  [[nodiscard]] std::string type_name() const override { return "builtin_function_or_method"; }
  [[nodiscard]] marked_text shown(run&) const override { return marked_text::trusted("<function " + name_ + ">"); }
  [[nodiscard]] bool callable() const override { return true; }
  [[nodiscard]] std::size_t depth() const override { return 1 + self_.depth(); }
  value call(run& work, arguments given) override { return body_(work, self_, given); }

private:
  std::string name_;
  function_body body_;
  value self_;
};

/// The function that jinja2 or transformers gives to every template under `name`; undefined where there is none.
[[nodiscard]] value global_function(std::string_view name);

} // namespace avp::jinja
