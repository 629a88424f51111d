/**
 * View models of the templates: every value is a formatted string, or a flag that says whether a part is printed. Text in
 * comments has gone through commentText, names through c-names.
 */

/** Facts at the top of a file, before any code. */
export interface BannerView {
  readonly title: string;
  readonly facts: readonly FactView[];
}

export interface FactView {
  /** Padded to the width of the longest label. */
  readonly label: string;
  readonly value: string;
}

/** templates/model.h.hbs */
export interface HeaderView {
  readonly banner: BannerView;
  readonly guard: string;
  readonly prefix: string;
  readonly macro: string;
  readonly arenaBytes: string;
  readonly macs: string;
  readonly ports: readonly PortView[];
  readonly accessors: readonly AccessorView[];
  /** The parts of a divided arena; empty where it is in the context. */
  readonly regions: readonly RegionView[];
  /** Lines of the context. */
  readonly contextMembers: readonly string[];
  /** run(); or begin(), push_row() and finish(). */
  readonly functions: readonly RunView[];
}

export interface PortView {
  /** `Input "x"`, its type and axes in the model and here. */
  readonly notes: readonly string[];
  readonly macros: readonly MacroView[];
}

export interface MacroView {
  readonly name: string;
  readonly value: string;
}

export interface AccessorView {
  readonly comment: string;
  /** Without semicolon. */
  readonly signature: string;
  /** The address, or NULL where there is none. */
  readonly result: string;
}

/** The type of a part of the arena that lies in a memory of its own. */
export interface RegionView {
  readonly notes: readonly string[];
  readonly macro: string;
  readonly bytes: string;
  readonly type: string;
  readonly align: string;
}

/** templates/init.hbs */
export interface InitView {
  readonly run: RunView;
  readonly nullCheck: string;
  readonly alignCheck: string;
  readonly regions: readonly OffsetView[];
}

/** A _Static_assert. */
export interface AssertView {
  readonly condition: string;
  readonly message: string;
}

export interface RunView {
  /** Without semicolon. */
  readonly signature: string;
  readonly notes: readonly string[];
}

/** templates/model.c.hbs */
export interface SourceView {
  readonly banner: BannerView;
  readonly name: string;
  readonly prefix: string;
  readonly macro: string;
  /** What declares the constants. */
  readonly weightsHeader: string;
  /** What declares the kernel instances that other programs use too; "" where there are none. */
  readonly sharedHeader: string;
  /** Files in lwc/. */
  readonly kernelHeaders: readonly string[];
  readonly needsString: boolean;
  readonly arena: ArenaView;
  readonly trace: boolean;
  readonly instances: readonly InstanceView[];
  readonly streams: readonly StreamView[];
  readonly accessors: readonly AccessorView[];
  /** begin() and push_row(), where the caller hands over the input row by row. */
  readonly feed: FeedView | undefined;
  /** run(), or finish(). */
  readonly run: RunView;
  /** The condition under which run() refuses its pointers. */
  readonly nullCheck: string;
  /** What the address of a context is a multiple of. */
  readonly contextAlign: string;
  /** Declarations of pointers to the arena, or to the parts of it that are used. */
  readonly arenas: readonly string[];
  /** init(), where the arena is divided. */
  readonly init: InitView | undefined;
  /** True where run() hands over rows through the function that begin() was given. */
  readonly usesSink: boolean;
  readonly steps: readonly StepView[];
}

/** templates/feed.hbs */
export interface FeedView {
  readonly begin: RunView;
  readonly beginNullCheck: string;
  readonly push: RunView;
  readonly pushNullCheck: string;
  readonly contextAlign: string;
  readonly arenas: readonly string[];
  /** The context's `phase` between begin() and finish(). */
  readonly phase: string;
  readonly phaseName: string;
  readonly countersBytes: string;
  readonly rows: string;
  readonly rowBytes: string;
  /** Where row number ctx->made[0] goes. */
  readonly place: string;
  /** True where begin() takes the function that gets rows of the output. */
  readonly hasSink: boolean;
  /** True where push_row() passes it on. */
  readonly usesSink: boolean;
  readonly steps: readonly StepView[];
}

export interface ArenaView {
  /** Lines. */
  readonly summary: readonly string[];
  /** Rows of the map, in columns, the heading first. */
  readonly rows: readonly string[];
  readonly offsets: readonly OffsetView[];
  readonly asserts: readonly AssertView[];
}

export interface OffsetView {
  readonly name: string;
  readonly value: string;
}

/** A kernel instance; exactly one of `rows`, `runs` and `flat` is there. templates/kernels/*.hbs print the body. */
export interface InstanceView {
  readonly comment: string;
  readonly uses: string;
  readonly signature: string;
  readonly paramsType: string;
  readonly params: readonly string[];
  readonly rows: RowsView | undefined;
  readonly runs: RunsView | undefined;
  readonly flat: FlatView | undefined;
}

/** templates/kernels/rows.hbs */
export interface RowsView {
  readonly size: string;
  /** Input rows of a call. */
  readonly filled: string;
  /** Head of the loop over output rows y, upwards or downwards. */
  readonly loop: string;
  readonly inRows: string;
  readonly inRowBytes: string;
  /** Input row of output row y and window row k; may leave the input where hasPadding. */
  readonly rowExpression: string;
  readonly rowIndex: string;
  readonly hasWindow: boolean;
  /** True where a window row may lie outside the input and points to `padding`. */
  readonly hasPadding: boolean;
  /** True where `padding` lies in scratch memory and is filled here. */
  readonly fillsPadding: boolean;
  readonly padValue: string;
  readonly call: string;
}

/** templates/kernels/runs.hbs */
export interface RunsView {
  readonly loop: string;
  /** Declaration of the array of inputs of a row, or "". */
  readonly inputArray: string;
  readonly call: string;
}

/** templates/kernels/flat.hbs */
export interface FlatView {
  /** Declaration of the array of inputs, or "". */
  readonly inputArray: string;
  readonly call: string;
}

/** templates/kernels/stream.hbs */
export interface StreamView {
  /** "3 to 7" */
  readonly range: string;
  readonly tables: readonly RowTableView[];
  readonly signature: string;
  /** The counters of rows, in the order of the steps. */
  readonly counters: readonly CounterView[];
  /** The step nearest the output first. */
  readonly steps: readonly StreamStepView[];
  /** Statements that keep the counters until the next row arrives. */
  readonly saves: readonly string[];
}

/** Offsets of rows in flight that are no ring. */
export interface RowTableView {
  readonly comment: string;
  /** `static const uint16_t lwc_net_x_rows[12]` */
  readonly declaration: string;
  readonly body: string;
}

export interface CounterView {
  /** "int32_t y3" */
  readonly declaration: string;
  readonly start: string;
}

/** templates/kernels/window.hbs */
export interface WindowView {
  readonly size: string;
  /** Input rows of this call. */
  readonly filled: string;
  /** Input row of window row k. */
  readonly row: string;
  /** False where one row of the input exists at a time, whichever it is. */
  readonly usesRow: boolean;
  readonly pointer: string;
  /** Where else window row k may be, and when: among rows that the step has kept, or, last, a row of `padValue` outside the input. */
  readonly branches: readonly WindowBranch[];
  /** True where that row lies in scratch memory and is filled here. */
  readonly fillsPadding: boolean;
  readonly padding: string;
  readonly padValue: string;
  readonly rowBytes: string;
}

export interface WindowBranch {
  /** "if" for the first branch, then "} else if". */
  readonly head: string;
  readonly condition: string;
  readonly pointer: string;
}

export interface StreamStepView {
  /** "if" for the first step, then "} else if". */
  readonly head: string;
  readonly title: string;
  /** True when the step can make its next row. */
  readonly ready: string;
  /** Statements that count what was made. */
  readonly counts: readonly string[];
  /** Pointers to the input rows, for kernels that take a window of rows. */
  readonly window: WindowView | undefined;
  readonly call: string;
  /** "" without trace. */
  readonly trace: string;
  /** Gives the row to the caller; "" where it stays inside. */
  readonly handOver: string;
}

export interface StepView {
  /** The rule line, without comment marks. */
  readonly title: string;
  readonly why: string;
  /** "" for a view. */
  readonly call: string;
  /** "" without trace. */
  readonly trace: string;
  /** Gives the rows of the output to the caller; undefined where it stays inside or a stream does it. */
  readonly handOver: HandOverView | undefined;
}

/** templates/kernels/hand-over.hbs */
export interface HandOverView {
  readonly rows: string;
  readonly row: string;
}

/** templates/link.h.hbs */
export interface LinkView {
  readonly banner: BannerView;
  readonly guard: string;
  readonly prefix: string;
  readonly macro: string;
  readonly arenaBytes: string;
  readonly models: readonly LinkedModelView[];
}

export interface LinkedModelView {
  readonly header: string;
  readonly type: string;
  /** Name in the union. */
  readonly member: string;
}

/** templates/shared.h.hbs and templates/shared.c.hbs: kernel instances of several programs. */
export interface SharedView {
  readonly banner: BannerView;
  readonly name: string;
  readonly guard: string;
  readonly needsString: boolean;
  /** Empty where no instance has the address of a constant among its parameters. */
  readonly weightsHeader: string;
  readonly kernelHeaders: readonly string[];
  readonly instances: readonly InstanceView[];
}

/** templates/weights.h.hbs and templates/weights.c.hbs */
export interface WeightsView {
  readonly banner: BannerView;
  readonly name: string;
  readonly guard: string;
  /** A macro for the attribute of a section. */
  readonly attribute: string;
  readonly attributeNotes: readonly string[];
  readonly arrays: readonly ArrayView[];
}

export interface ArrayView {
  readonly comment: string;
  /** The macro in front of the definition. */
  readonly attribute: string;
  /** `LWC_ALIGNED(4) const int8_t lwc_net_conv_weights[864]` */
  readonly declaration: string;
  /** Elements in columns, without braces. */
  readonly body: string;
}
