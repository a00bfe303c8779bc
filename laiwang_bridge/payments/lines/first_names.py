"""Common first names: in small letters only these are taken for people (`dinner with bob and kate`)."""

from __future__ import annotations

_NAMES = """
aaron adam adrien agathe ahmed alain alan alex alexander alexandre ali alice amanda amber amir amy amélie ana andrea
andrew andy angela anja anke anna anne anneliese annie anthony antje antoine arjun armin arnaud arthur ashley
aurélie axel baptiste barbara bastien beate becky ben benjamin benoît bernard bernd beth betty bianca birgit björn
bob bobby brad brandon brenda brian brigitte bruce bryan caitlin cameron camille carl carlos carmen carol caroline
carsten catherine cathy chantal charles charlie charlotte chloe chris christa christelle christian christina
christine christoph christophe christopher cindy claire clara claudia clément colin connor coralie cornelia craig
cynthia cyril cécile céline damien dan daniel danny dave david debbie deborah deepak delphine denis dennis detlef
diana diane didier diego dieter dirk dominik dominique donna dorothy doug douglas dylan eddie edward elaine eleanor
elena elizabeth elke ella ellen emilie emily emma emmanuel enzo eric erik erika estelle ethan eva evan evelyn fabien
fabrice fatima felix fiona florian franziska françois françoise fred frieda friedrich frédéric gabi gabriel gary
gavin gaëlle george gerd gerhard gilles gina gisela gordon greg gregory greta guillaume gérard günter hannah hans
harriet harry hassan heather heidi heike heinz helen helga helmut hendrik henry herbert hiro holger hugh hugo hélène
ian inge ingo ingrid inès isabel isabella isabelle ivan jackie jacob jacques jake james jamie jan jana jane janet
jason javier jean jeff jeffrey jen jenna jennifer jenny jens jeremy jerry jess jesse jessica jia jill jim jimmy jing
joachim joan joanna joe joel johanna johannes john johnny jon jonas jonathan jose joseph josh joshua joséphine joyce
juan judy jules julia julian julie julien juliette justin jutta jérôme jörg jürgen kai karen karim karin karl
karsten kate katharina katherine kathy katie katja katrin keith kelly kenji kenneth kerstin kevin khalid kim
kimberly klaus kristina kyle laetitia larry lars laura lauren laurent lea leah lee lena leo leon leonard leonie
lewis liam lina linda lionel lisa liz louis louise loïc luc lucas lucie lucy ludovic luis lukas luke lynn léa léo
léon madeleine maggie malte manfred manon manuela marc marcel marco margaret margaux margot maria marie marilyn
marion markus marlene martha martin martina martine mary mathieu mathilde mathis matt matthew matthias maxime
maximilian maya megan mehdi mei melanie melissa merle mia michael michaela michel michelle mick miguel mike mireille
miriam mohamed mohammed molly monica monika monique morgane moritz mélanie nadine nancy naomi natalie nathalie
nathan neil nicholas nick nicolas nicole nigel niklas nils nina noah nora noémie olaf olga oliver olivia olivier
omar oscar oskar owen pablo pamela pascal patrice patricia patrick paul paula paulina pauline pedro pete peter petra
phil philip philippe phoebe pierre priya quentin rachel rahul rainer raj ralf ralph randy raphael raphaël ravi
rebecca regina renate rené richard rob robert roger rolf romain ron ronald rory rosie roy russell ruth ryan rémi
sabine sabrina sally sam samantha samuel sandra sandrine sandro sanjay sara sarah sascha scott sean sebastian serge
sergio sharon shaun shirley silke silvia simon solène sonja sophia sophie stacy stefan stefanie steffen stella
stephanie stephen steve steven stuart stéphane sue susan susanne suzanne sven svenja sylvain sylvia sylvie sébastien
tanja tao tara ted teresa terry tessa thibault thierry thomas thorsten théa théo tim timothy tina tobias toby tom
tommy tony torsten tracy tristan tyler ulrich ulrike ursula ute uwe valentin valérie vanessa vera victor vincent
virginia virginie volker véronique walter wei wendy werner wiebke william wolfgang xavier xin yan yann yannick yuki
yusuf yves yvonne zach zoe élise élodie émilie étienne
"""
COMMON = frozenset(_NAMES.split())
