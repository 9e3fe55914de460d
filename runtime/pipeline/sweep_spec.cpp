// What grows and what is measured, for people.
#include "runtime/pipeline/sweep_spec.hpp"

#include "runtime/text/number_text.hpp"

namespace avp {

std::string series_text(sweep_series series) {
  return series == sweep_series::text_unshared ? "text without sharing" : std::string(name_of(series));
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
