/* main.c - classifies one handwritten digit on a bare-metal Cortex-M7 and prints its class through the debugger. */
#include "digits.h"
#include "picture.h"
#include "semihosting.h"

/* The memory that the network needs: static here, so that the linker checks that it fits. */
static lwc_digits_ctx network;
static int8_t image[LWC_DIGITS_IMAGE_BYTES];
static int8_t logits[LWC_DIGITS_LOGITS_BYTES];

int main(void)
{
    /* digits.h: scale 1/255 and zero point -128, so the quantized value of a pixel is itself less 128. */
    for (int32_t i = 0; i < LWC_DIGITS_IMAGE_COUNT; i++) {
        image[i] = (int8_t)((int32_t)picture[i] + LWC_DIGITS_IMAGE_ZERO_POINT);
    }

    if (lwc_digits_run(&network, image, logits) != LWC_OK) {
        lwc_semihosting_print("the network refused its arguments\n");
        return 2;
    }

    int32_t class = 0;
    for (int32_t i = 1; i < LWC_DIGITS_LOGITS_COUNT; i++) {
        if (logits[i] > logits[class]) {
            class = i;
        }
    }

    const char text[] = {'c', 'l', 'a', 's', 's', ' ', (char)('0' + class), '\n', '\0'};
    lwc_semihosting_print(text);
    return class == PICTURE_LABEL ? 0 : 1;
}
