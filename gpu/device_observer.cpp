// Sums of rows.
#include <avp/gpu/device_observer.hpp>

namespace avp {

row_counts& row_counts::operator+=(const row_counts& other) {
  prefill += other.prefill;
  latent += other.latent;
  decode += other.decode;
  replayed += other.replayed;
  return *this;
}

} // namespace avp
