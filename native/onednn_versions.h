// The differences between the interfaces of oneDNN 2 and 3; all other files are the same for both.
#pragma once

#include <dnnl.hpp>

namespace residua::onednn {

struct ConvolutionShape {
  dnnl::memory::desc x, w, y;
  dnnl::memory::dims stride, padding;
};

#if DNNL_VERSION_MAJOR >= 3

inline dnnl::convolution_forward::primitive_desc forward(const dnnl::engine& engine, const ConvolutionShape& s,
                                                         const dnnl::primitive_attr& attributes) {
  return {engine,   dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, s.x, s.w, s.y, s.stride,
          s.padding, s.padding,                          attributes};
}

inline dnnl::convolution_backward_data::primitive_desc inputGradient(
    const dnnl::engine& engine, const ConvolutionShape& s, const dnnl::primitive_attr& attributes,
    const dnnl::convolution_forward::primitive_desc& hint) {
  return {engine, dnnl::algorithm::convolution_direct, s.x, s.w, s.y, s.stride, s.padding, s.padding, hint, attributes};
}

inline dnnl::convolution_backward_weights::primitive_desc weightGradient(
    const dnnl::engine& engine, const ConvolutionShape& s, const dnnl::primitive_attr& attributes,
    const dnnl::convolution_forward::primitive_desc& hint) {
  return {engine, dnnl::algorithm::convolution_direct, s.x, s.w, s.y, s.stride, s.padding, s.padding, hint, attributes};
}

inline dnnl::matmul::primitive_desc product(const dnnl::engine& engine, const dnnl::memory::desc& a,
                                            const dnnl::memory::desc& b, const dnnl::memory::desc& result,
                                            const dnnl::primitive_attr& attributes) {
  return {engine, a, b, result, attributes};
}

#else

inline dnnl::convolution_forward::primitive_desc forward(const dnnl::engine& engine, const ConvolutionShape& s,
                                                         const dnnl::primitive_attr& attributes) {
  return {{dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, s.x, s.w, s.y, s.stride, s.padding,
           s.padding},
          attributes,
          engine};
}

inline dnnl::convolution_backward_data::primitive_desc inputGradient(
    const dnnl::engine& engine, const ConvolutionShape& s, const dnnl::primitive_attr& attributes,
    const dnnl::convolution_forward::primitive_desc& hint) {
  return {{dnnl::algorithm::convolution_direct, s.x, s.w, s.y, s.stride, s.padding, s.padding},
          attributes,
          engine,
          hint};
}

inline dnnl::convolution_backward_weights::primitive_desc weightGradient(
    const dnnl::engine& engine, const ConvolutionShape& s, const dnnl::primitive_attr& attributes,
    const dnnl::convolution_forward::primitive_desc& hint) {
  return {{dnnl::algorithm::convolution_direct, s.x, s.w, s.y, s.stride, s.padding, s.padding},
          attributes,
          engine,
          hint};
}

inline dnnl::matmul::primitive_desc product(const dnnl::engine& engine, const dnnl::memory::desc& a,
                                            const dnnl::memory::desc& b, const dnnl::memory::desc& result,
                                            const dnnl::primitive_attr& attributes) {
  return {{a, b, result}, attributes, engine};
}

#endif

}  // namespace residua::onednn
