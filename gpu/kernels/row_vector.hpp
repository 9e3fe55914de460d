// Sixteen floats in the registers of one level of the instruction set. Part of row_kernels_body.hpp, in whose namespace
// it is included: no inline function of another header may be used here.
//
// Every operation rounds as it is written (-ffp-contract=off), and fused() once for product and sum, so all levels that
// have such an instruction give the same bits. Plain x86-64 has none and rounds twice.

using bits16 = std::uint16_t;

#define AVP_INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
constexpr int register_bytes = 64;
#elif defined(__AVX__)
constexpr int register_bytes = 32;
#else
constexpr int register_bytes = 16;
#endif
constexpr int register_lanes = register_bytes / 4;

typedef float native_f __attribute__((vector_size(register_bytes)));
typedef std::int32_t native_i __attribute__((vector_size(register_bytes)));
typedef std::uint32_t native_u __attribute__((vector_size(register_bytes)));
typedef float loose_f __attribute__((vector_size(register_bytes), aligned(4), may_alias)); // in memory
typedef bits16 loose_h __attribute__((vector_size(register_bytes / 2), aligned(2), may_alias));

template <class Vector>
struct pair {
  Vector low, high;
};

#if defined(__AVX512F__)
using vector_f = native_f;
#elif defined(__AVX__)
using vector_f = pair<native_f>;
#else
using vector_f = pair<pair<native_f>>;
#endif

constexpr std::int64_t lanes = 16;

template <class Vector>
constexpr std::int64_t lanes_of = 2 * lanes_of<decltype(Vector::low)>;
template <>
constexpr std::int64_t lanes_of<native_f> = register_lanes;

// One register, and its memory.

AVP_INLINE void fill(native_f* to, float value) { *to = value - native_f{}; }

AVP_INLINE void load(native_f* to, const float* from) { *to = *reinterpret_cast<const loose_f*>(from); }

AVP_INLINE void load(native_f* to, const bits16* from) {
  const native_u wide = __builtin_convertvector(*reinterpret_cast<const loose_h*>(from), native_u) << 16;
  *to = __builtin_bit_cast(native_f, wide);
}

AVP_INLINE void save(float* to, native_f values) { *reinterpret_cast<loose_f*>(to) = values; }

// Round to nearest even; a NaN stays one.
AVP_INLINE void save(bits16* to, native_f values) {
  const native_u bits = __builtin_bit_cast(native_u, values);
  const native_u rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  const native_u chosen = values == values ? rounded : (bits >> 16) | 0x40U;
  *reinterpret_cast<loose_h*>(to) = __builtin_convertvector(chosen, loose_h);
}

// a · b + c
AVP_INLINE native_f fused(native_f a, native_f b, native_f c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__aarch64__)
  return vfmaq_f32(c, a, b);
#else
  return a * b + c;
#endif
}

AVP_INLINE float fused(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

AVP_INLINE native_f larger(native_f a, native_f b) { return a > b ? a : b; }

// Where x < y, a; elsewhere, and where one of them is NaN, b.
AVP_INLINE native_f where_less(native_f x, native_f y, native_f a, native_f b) { return x < y ? a : b; }

AVP_INLINE native_f where_number(native_f x, native_f value) { return x == x ? value : x; }

// 2^n for whole n in [-126, 127].
AVP_INLINE native_f power_of_two(native_f n) {
  const native_i power = (__builtin_convertvector(n, native_i) + 127) << 23;
  return __builtin_bit_cast(native_f, power);
}

// The same, half by half.

template <class V>
AVP_INLINE void fill(pair<V>* to, float value) {
  fill(&to->low, value);
  fill(&to->high, value);
}
template <class V, class T>
AVP_INLINE void load(pair<V>* to, const T* from) {
  load(&to->low, from);
  load(&to->high, from + lanes_of<V>);
}
template <class V, class T>
AVP_INLINE void save(T* to, pair<V> values) {
  save(to, values.low);
  save(to + lanes_of<V>, values.high);
}
template <class V>
AVP_INLINE pair<V> operator+(pair<V> a, pair<V> b) {
  return {a.low + b.low, a.high + b.high};
}
template <class V>
AVP_INLINE pair<V> operator-(pair<V> a, pair<V> b) {
  return {a.low - b.low, a.high - b.high};
}
template <class V>
AVP_INLINE pair<V> operator*(pair<V> a, pair<V> b) {
  return {a.low * b.low, a.high * b.high};
}
template <class V>
AVP_INLINE pair<V> operator/(pair<V> a, pair<V> b) {
  return {a.low / b.low, a.high / b.high};
}
template <class V>
AVP_INLINE pair<V> fused(pair<V> a, pair<V> b, pair<V> c) {
  return {fused(a.low, b.low, c.low), fused(a.high, b.high, c.high)};
}
template <class V>
AVP_INLINE pair<V> larger(pair<V> a, pair<V> b) {
  return {larger(a.low, b.low), larger(a.high, b.high)};
}
template <class V>
AVP_INLINE pair<V> where_less(pair<V> x, pair<V> y, pair<V> a, pair<V> b) {
  return {where_less(x.low, y.low, a.low, b.low), where_less(x.high, y.high, a.high, b.high)};
}
template <class V>
AVP_INLINE pair<V> where_number(pair<V> x, pair<V> value) {
  return {where_number(x.low, value.low), where_number(x.high, value.high)};
}
template <class V>
AVP_INLINE pair<V> power_of_two(pair<V> n) {
  return {power_of_two(n.low), power_of_two(n.high)};
}

AVP_INLINE vector_f all(float value) {
  vector_f values;
  fill(&values, value);
  return values;
}

template <class T>
AVP_INLINE vector_f load(const T* from) {
  vector_f values;
  load(&values, from);
  return values;
}

// One value.

AVP_INLINE float one(const float* from) { return *from; }
AVP_INLINE float one(const bits16* from) {
  const std::uint32_t bits = static_cast<std::uint32_t>(*from) << 16;
  return __builtin_bit_cast(float, bits);
}
AVP_INLINE void put(float* to, float value) { *to = value; }
AVP_INLINE void put(bits16* to, float value) {
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  *to = static_cast<bits16>(value == value ? (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16 : (bits >> 16) | 0x40U);
}

// The first `count` values; the others are 0.
template <class T>
AVP_INLINE vector_f load_some(const T* from, std::int64_t count) {
  float values[lanes] = {};
  for (std::int64_t i = 0; i < count; ++i)
    values[i] = one(from + i);
  return load(values);
}

AVP_INLINE void save_some(float* to, vector_f from, std::int64_t count) {
  float values[lanes];
  save(values, from);
  for (std::int64_t i = 0; i < count; ++i)
    to[i] = values[i];
}

AVP_INLINE float first_of(vector_f from) {
  float values[lanes];
  save(values, from);
  return values[0];
}

// Sum and largest of the lanes, half with half: lane i with lane i + 8, then i + 4, i + 2, i + 1.

typedef float four_f __attribute__((vector_size(16)));

struct add_halves {
  template <class Vector>
  AVP_INLINE Vector of(Vector a, Vector b) {
    return a + b;
  }
};

struct take_larger {
  template <class Vector>
  AVP_INLINE Vector of(Vector a, Vector b) {
    return a > b ? a : b;
  }
};

template <class Halves>
AVP_INLINE float folded(four_f from) {
  from = Halves::of(from, __builtin_shufflevector(from, from, 2, 3, 0, 1));
  return Halves::of(from, __builtin_shufflevector(from, from, 1, 0, 3, 2))[0];
}

#if defined(__AVX__)
typedef float eight_f __attribute__((vector_size(32)));

template <class Halves>
AVP_INLINE float folded(eight_f from) {
  return folded<Halves>(
      Halves::of(__builtin_shufflevector(from, from, 0, 1, 2, 3), __builtin_shufflevector(from, from, 4, 5, 6, 7)));
}
#endif

#if defined(__AVX512F__)
template <class Halves>
AVP_INLINE float folded(native_f from) {
  return folded<Halves>(Halves::of(__builtin_shufflevector(from, from, 0, 1, 2, 3, 4, 5, 6, 7),
                                   __builtin_shufflevector(from, from, 8, 9, 10, 11, 12, 13, 14, 15)));
}
#endif

template <class Halves>
AVP_INLINE float folded(pair<native_f> from) {
  return folded<Halves>(Halves::of(from.low, from.high));
}

template <class Halves>
AVP_INLINE float folded(pair<pair<native_f>> from) {
  return folded<Halves>(
      pair<native_f>{Halves::of(from.low.low, from.high.low), Halves::of(from.low.high, from.high.high)});
}

AVP_INLINE float sum_of(vector_f from) { return folded<add_halves>(from); }

AVP_INLINE float largest_of(vector_f from) { return folded<take_larger>(from); }
