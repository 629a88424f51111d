/* Portable twin of the depthwise row in isa/dsp/lwc_isa_depthwise.h: the same bytes. */
#ifndef LWC_ISA_DEPTHWISE_ROW_H
#define LWC_ISA_DEPTHWISE_ROW_H

#include <stdint.h>

/*
 * Output rows of one channel.
 *
 * q       a form that lwc_depthwise3_can allows
 * stride  of the windows, in columns: 1 or 2
 * x       [..][words] words, four apart, each two neighbouring columns as int16: three rows for each output row
 * w       [3][2] words: taps (0,1) and (1,2) of each window row
 * quant   words of the channel, see lwc_requant
 * out     [rows][count] bytes, `step` apart
 * next    words from the first row of a window to that of the next output row
 */
LWC_INLINE void lwc_depthwise3_rows(const lwc_requant *q, int32_t stride, const uint32_t *x, int32_t words, const uint32_t *w, const int32_t *quant, int8_t *out,
                                    int32_t step, int32_t count, int32_t rows, int32_t next)
{
    for (int32_t y = 0; y < rows; ++y) {
        for (int32_t ox = 0; ox < count; ++ox) {
            const int32_t column = ox * stride;
            const uint32_t *from = x + (4 * ((y * next) + (column / 2)));
            int32_t sum = quant[0];

            for (int32_t ky = 0; ky < 3; ++ky) {
                if ((column & 1) == 0) {
                    sum = lwc_smlad(from[0], w[2 * ky], sum);
                    sum = lwc_smlabt(from[4], w[(2 * ky) + 1], sum);
                } else {
                    sum = lwc_smlabt(w[2 * ky], from[0], sum);
                    sum = lwc_smlad(from[4], w[(2 * ky) + 1], sum);
                }
                from += 4 * words;
            }
            *out = (int8_t)lwc_requantize_words(q, quant, sum);
            out += step;
        }
    }
}

#endif
