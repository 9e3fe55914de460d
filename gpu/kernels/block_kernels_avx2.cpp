// The block kernels with AVX2, and AVX-VNNI beside it. Compiled for plain x86-64 except for the functions marked
// AVP_AVX2.
#include "gpu/kernels/block_kernels.hpp"

#if defined(__x86_64__)

#include "gpu/kernels/block_products_avx2.hpp"
#include "gpu/kernels/block_transposed_avx2.hpp"

namespace avp {

namespace {

template <class Dots, class Block>
constexpr block_kernels kernels_for{avx2::multiply<Dots, Block>, avx2::multiply<Dots, Block>,
                                    avx2::add_transposed<Block>};

template <class Dots>
const block_kernels& kernels_with(tensor_type type) {
  return with_packed_block(
      type, []<class Block>(std::type_identity<Block>) -> const block_kernels& { return kernels_for<Dots, Block>; });
}

} // namespace

const block_kernels& avx2_block_kernels(tensor_type type) { return kernels_with<avx2::sixteen_bit_dots>(type); }

const block_kernels& avxvnni_block_kernels(tensor_type type) {
  return kernels_with<avx2::vnni_dots<avx2::vpdpbusd>>(type);
}

} // namespace avp

#else

namespace avp {

const block_kernels& avx2_block_kernels(tensor_type type) { return portable_block_kernels(type); }

const block_kernels& avxvnni_block_kernels(tensor_type type) { return portable_block_kernels(type); }

} // namespace avp

#endif
