# `make results DATA=folder` measures everything that results.md shows; evaluation.md says how. The Makefile includes this.

# Of `make results`: a folder with live1/, classic5/, bsds500_test/, icb/ and icb_gray/, of which any may lack.
DATA ?= data
MODEL ?= small
# Its GAN twin, if one is shipped; a model of yours may name one.
GAN ?= $(if $(wildcard src/qgac/weights/$(MODEL)-gan.safetensors),$(MODEL)-gan)
JOBS ?= 2
QUALITIES ?= 10 20 30 40 50 60 70 80 90 98
# Optional: other programs to measure on LIVE-1, as options of `qgac evaluate`, quoted as a shell wants them:
# METHODS='--method "jpeg-quantsmooth=jpegqs -i 0 -q 6 {input} {output.jpg}"'.
METHODS ?=
# Optional: a bank of patches trains the ablations, Inception weights give Fréchet distances.
PATCHES ?=
INCEPTION ?=

# Of `make looks`, which shows how pictures look to a network: weights of ST-LPIPS, vgg_shift_tolerant.pth of stlpips-pytorch.
VGG ?=

RESULTS := docs/results
EVALUATE = $(BIN)/qgac evaluate --model $(MODEL) --jobs $(JOBS) --json $@ --csv $(@:.json=.csv) --overwrite
exists = $(if $(wildcard $(DATA)/$(1)),$(addprefix $(RESULTS)/,$(2)))
COLOR_JSON := $(strip $(call exists,live1,live1-color.json) $(call exists,bsds500_test,bsds500-color.json) \
	$(call exists,icb,icb-color.json))
Y_JSON := $(call exists,live1,live1-y.json) $(call exists,classic5,classic5-y.json) \
	$(call exists,bsds500_test,bsds500-y.json) $(call exists,icb_gray,icb-y.json)
BLENDS := $(if $(GAN),$(call exists,live1,$(addprefix live1-blend-,0.7.json 0.9.json 1.json)))
STRIPS := $(if $(GAN),$(call exists,live1,interpolation.png interpolation-20.png))
ANALYSES := $(addprefix $(RESULTS)/,manifold.png activation.png embedding.png) \
	$(call exists,live1,equivalent-quality.png spectrum.png throughput.png sheet.png) $(STRIPS)
# Pictures of LIVE-1 with much texture.
TEXTURED := bikes coinsinfountain lighthouse2 rapids stream studentsculpture
TABLES := $(if $(PATCHES),$(call exists,classic5,ablations.md)) \
	$(if $(INCEPTION),$(call exists,live1,frechet-live1.md) $(call exists,bsds500_test,frechet-bsds500.md))

OTHERS := $(if $(METHODS),$(call exists,live1,live1-others.json),$(wildcard $(RESULTS)/live1-others.json))

# A file that is there is not measured again: remove those of an older model first.
results: $(COLOR_JSON) $(Y_JSON) $(BLENDS) $(ANALYSES) $(TABLES) $(if $(COLOR_JSON),$(RESULTS)/gain.png) \
		$(call exists,live1,tradeoff.png) $(OTHERS) | $(RESULTS)
	$(BIN)/qgac results $(RESULTS) --write docs/results.md

$(RESULTS): | $(VENV)/.developer
	mkdir -p $@

$(RESULTS)/live1-color.json: | $(RESULTS)
	$(EVALUATE) --dataset live1 --root $(DATA)/live1 --quality $(QUALITIES)
$(RESULTS)/bsds500-color.json: | $(RESULTS)
	$(EVALUATE) --dataset bsds500 --root $(DATA)/bsds500_test --quality $(QUALITIES)
$(RESULTS)/icb-color.json: | $(RESULTS)
	$(EVALUATE) --dataset icb --root $(DATA)/icb --quality $(QUALITIES)
$(RESULTS)/live1-y.json: | $(RESULTS)
	$(EVALUATE) --dataset live1 --channels y --root $(DATA)/live1
$(RESULTS)/classic5-y.json: | $(RESULTS)
	$(EVALUATE) --dataset classic5 --root $(DATA)/classic5
$(RESULTS)/bsds500-y.json: | $(RESULTS)
	$(EVALUATE) --dataset bsds500 --channels y --root $(DATA)/bsds500_test
$(RESULTS)/icb-y.json: | $(RESULTS)
	$(EVALUATE) --dataset icb --channels y --root $(DATA)/icb_gray
$(RESULTS)/live1-blend-%.json: | $(RESULTS)
	$(EVALUATE) --dataset live1 --root $(DATA)/live1 --blend $* --blend-with $(GAN)

$(RESULTS)/gain.png: $(COLOR_JSON)
	$(BIN)/qgac plot gain $^ -o $@ --overwrite
$(RESULTS)/live1-others.json: | $(RESULTS)
	$(BIN)/qgac evaluate --jpeg-only $(METHODS) --dataset live1 --root $(DATA)/live1 --jobs 1 --json $@ --csv $(@:.json=.csv) --overwrite
$(RESULTS)/tradeoff.png: $(RESULTS)/live1-color.json $(OTHERS)
	$(BIN)/qgac plot tradeoff $^ -o $@ --overwrite

$(addprefix $(RESULTS)/,manifold.png activation.png embedding.png): $(RESULTS)/%.png: | $(RESULTS)
	$(BIN)/qgac analyze $* --model $(MODEL) -o $@ --overwrite
$(RESULTS)/equivalent-quality.png: | $(RESULTS)
	$(BIN)/qgac analyze equivalent-quality --model $(MODEL) --dataset live1 --root $(DATA)/live1 -o $@ --overwrite
$(RESULTS)/throughput.png: | $(RESULTS)
	$(BIN)/qgac analyze throughput --model $(MODEL) $(METHODS) --dataset live1 --root $(DATA)/live1 -o $@ --overwrite
$(RESULTS)/spectrum.png: | $(RESULTS)
	$(BIN)/qgac analyze spectrum $(addprefix --model ,$(MODEL) $(GAN)) --dataset live1 --root $(DATA)/live1 -o $@ --overwrite
$(RESULTS)/interpolation.png: STRIP := 10
$(RESULTS)/interpolation-20.png: STRIP := 20
$(RESULTS)/interpolation.png $(RESULTS)/interpolation-20.png: | $(RESULTS)
	$(BIN)/qgac analyze interpolation $(foreach name,$(TEXTURED),$(wildcard $(DATA)/live1/$(name).*)) \
		--regression $(MODEL) --other $(GAN) --quality $(STRIP) -o $@ --overwrite
$(RESULTS)/sheet.png: | $(RESULTS)
	$(BIN)/qgac analyze sheet --model $(MODEL) --dataset live1 --root $(DATA)/live1 --limit 3 --quality 10 -o $@ --overwrite

$(RESULTS)/ablations.md: | $(RESULTS)
	$(BIN)/qgac ablate recipes/ablations --patches $(PATCHES) --out runs/ablations --root $(DATA)/classic5 --markdown $@ --overwrite
$(RESULTS)/frechet-live1.md: | $(RESULTS)
	$(BIN)/qgac frechet --dataset live1 --root $(DATA)/live1 --inception $(INCEPTION) --model $(MODEL) --markdown $@ --overwrite
$(RESULTS)/frechet-bsds500.md: | $(RESULTS)
	$(BIN)/qgac frechet --dataset bsds500 --root $(DATA)/bsds500_test --inception $(INCEPTION) --model $(MODEL) --markdown $@ --overwrite

# ST-LPIPS and Fréchet distances of the same network's features: of the model, its GAN twin, and a blend. What is made here
# goes into results.md as one text. `make looks VGG=FILE LOOKS_AT=live1` leaves the 200 pictures of BSDS500 out.
LOOKS := $(RESULTS)/looks
LOOKS_AT ?= live1 bsds500
LOOKS_QUALITIES ?= 10
ALPHAS := 0 0.7 1
folder_live1 := live1
folder_bsds500 := bsds500_test
originals = $(DATA)/$(folder_$(1))
blended = $(if $(filter-out 0,$(1)),--blend $(1) --blend-with $(GAN))
.PHONY: looks
looks: $(foreach set,$(LOOKS_AT),$(foreach alpha,$(ALPHAS),$(LOOKS)/$(set)-$(alpha).json $(LOOKS)/$(set)-$(alpha).md))
	$(BIN)/qgac results $(LOOKS) > $(RESULTS)/looks.md

define look
$(LOOKS)/$(1)-$(2).json: | $(LOOKS)
	$$(EVALUATE) --dataset $(1) --root $$(call originals,$(1)) $$(call blended,$(2)) --quality $$(LOOKS_QUALITIES) \
		--st-lpips $$(VGG) --resume
$(LOOKS)/$(1)-$(2).md: | $(LOOKS)
	$(BIN)/qgac frechet --dataset $(1) --root $$(call originals,$(1)) --vgg $$(VGG) --model $(MODEL) $$(call blended,$(2)) \
		--quality $$(LOOKS_QUALITIES) --markdown $$@ --overwrite
endef
$(foreach set,live1 bsds500,$(foreach alpha,$(ALPHAS),$(eval $(call look,$(set),$(alpha)))))

$(LOOKS): | $(RESULTS)
	mkdir -p $@
