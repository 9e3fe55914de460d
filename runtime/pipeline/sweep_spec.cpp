// Names of what grows and of what is measured.
#include <avp/runtime/pipeline/sweep_spec.hpp>
#include <avp/runtime/text/number_text.hpp>

namespace avp {

const std::vector<std::string>& over_names() {
  static const std::vector<std::string> names{"hops", "branches", "prompt_tokens"};
  return names;
}

std::string_view over_name(sweep_over over) { return over_names()[static_cast<std::size_t>(over)]; }

const std::vector<std::string>& series_names() {
  static const std::vector<std::string> names{"latent", "text", "text_unshared", "direct"};
  return names;
}

std::string_view series_name(sweep_series series) { return series_names()[static_cast<std::size_t>(series)]; }

std::string series_text(sweep_series series) {
  return series == sweep_series::text_unshared ? "text without sharing" : std::string(series_name(series));
}

std::string size_of_sweep(sweep_over over, std::int64_t n) {
  const auto number = with_separators(n);
  switch (over) {
  case sweep_over::hops:
    return number + (n == 1 ? " hop" : " hops");
  case sweep_over::branches:
    return number + (n == 1 ? " branch" : " branches");
  case sweep_over::prompt_tokens:
    return number + (n == 1 ? " prompt token" : " prompt tokens");
  }
  return number;
}

mode mode_of(sweep_series series) {
  switch (series) {
  case sweep_series::latent:
    return mode::latent;
  case sweep_series::text:
  case sweep_series::text_unshared:
    return mode::text;
  case sweep_series::direct:
    return mode::direct;
  }
  return mode::latent;
}

} // namespace avp
